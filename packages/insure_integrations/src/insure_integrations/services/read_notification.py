"""A user has read a notification."""

from insure_common import clock
from insure_integrations.models import Notification


def read_notification(*, notification: Notification) -> Notification:
    """Note when it was read first."""
    if notification.read_at is None:
        notification.read_at = clock.now()
        notification.save(update_fields=["read_at"])
    return notification
