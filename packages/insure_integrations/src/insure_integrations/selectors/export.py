"""What this package keeps about a person, for the export of their data."""

from typing import Any

from insure_common.export import exported
from insure_integrations.models import HolderLink, Notification


def export_person(*, user_id: Any) -> dict[str, list[dict[str, Any]]]:
    """Holder links and notifications; the call log and its masked payloads are not keyed to a person."""
    return exported(
        HolderLink.objects.filter(user_id=user_id),
        Notification.objects.filter(user_id=user_id),
        without=["attachments"],
    )
