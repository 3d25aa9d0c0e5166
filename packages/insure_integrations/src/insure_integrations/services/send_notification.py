"""Send a notification's e-mail. No database transaction is open while the mail server takes its time."""

import mimetypes
from datetime import timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from insure_common import clock
from insure_common.mail import Attachment, send_mail
from insure_common.outbox import RetryLater, complete
from insure_common.people import people
from insure_integrations.enums import NotificationStatus
from insure_integrations.kinds import find_kind
from insure_integrations.models import Notification

CLAIM = timedelta(seconds=60)
"""A worker that says nothing for this long has died; only then may the mail go out a second time."""


def send_notification(*, notification_id: UUID) -> Notification | None:
    """Send the mail once, also when two workers try: the one without the claim gets RetryLater.

    A worker that dies between the mail server's yes and our commit is the one case in which a mail goes out twice.
    None if the notification was deleted meanwhile.
    """
    notification = _claim(notification_id)
    if notification is None or notification.status != NotificationStatus.SENDING:
        return notification
    person = people().get(notification.user_id)
    if person is None or not person.email:
        return _close(notification, NotificationStatus.FAILED, error="no_address")
    kind = find_kind(notification.kind)
    try:
        send_mail(
            template=kind.template,
            to=person.email,
            context={"title": kind.title, "person": person, **notification.context},
            attachments=[_attachment(**attachment) for attachment in notification.attachments],
        )
    except Exception as error:
        _close(notification, NotificationStatus.PENDING, error=type(error).__name__)
        raise
    return _close(notification, NotificationStatus.SENT)


def _claim(notification_id: UUID) -> Notification | None:
    now = clock.now()
    with transaction.atomic():
        notification = Notification.objects.select_for_update().filter(pk=notification_id).first()
        if notification is None:
            return None
        if notification.status == NotificationStatus.SENDING:
            claimed_until = (notification.claimed_at or now) + CLAIM
            if claimed_until > now:
                raise RetryLater(claimed_until - now)
        elif notification.status != NotificationStatus.PENDING:
            return notification
        notification.status, notification.claimed_at = NotificationStatus.SENDING, now
        notification.save(update_fields=["status", "claimed_at"])
    return notification


def _close(notification: Notification, status: NotificationStatus, *, error: str = "") -> Notification:
    is_sent = status == NotificationStatus.SENT
    with transaction.atomic():
        notification.status, notification.error = status, error
        notification.sent_at = clock.now() if is_sent else None
        notification.save(update_fields=["status", "error", "sent_at"])
        if status != NotificationStatus.PENDING:
            complete()
    return notification


def _attachment(*, name: str, path: str) -> Attachment:
    with default_storage.open(path) as file:
        content: bytes = file.read()
    return Attachment(name, content, mimetypes.guess_type(name)[0] or "application/octet-stream")
