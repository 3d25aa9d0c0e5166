"""Tell a user something: a row that the app lists, and an e-mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from insure_common.outbox import enqueue
from insure_integrations.kinds import find_kind
from insure_integrations.models import Notification


def notify(
    *,
    user_id: Any,
    kind: str,
    context: Mapping[str, Any],
    attachments: Sequence[Mapping[str, str]] = (),
    dedupe_key: str,
) -> Notification:
    """Notify a user once for each `dedupe_key` (the cause); again it returns the notification that exists.

    `context` holds ids and plain values for the templates of `kind`, never a secret; `attachments` are
    `{"name": file name, "path": name in the default storage}`. Raises ImproperlyConfigured for an unknown kind.
    """
    find_kind(kind)
    with transaction.atomic():
        notification, is_new = Notification.objects.get_or_create(
            dedupe_key=dedupe_key,
            defaults={
                "user_id": user_id,
                "kind": kind,
                "context": dict(context),
                "attachments": [dict(attachment) for attachment in attachments],
            },
        )
        if is_new:
            task = "insure_integrations.tasks.send_notification_task"
            enqueue(task, payload={"notification_id": notification.pk})
    return notification
