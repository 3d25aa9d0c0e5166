"""Let work that was given up be done again."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from insure_audit.public import record
from insure_common import outbox
from insure_common.exceptions import PermissionDenied, ValidationError
from insure_integrations.permissions import RETRY_OUTBOX_MESSAGE


def retry_messages(*, actor: Any, reason: str, task: str | None = None) -> int:
    """Make the outbox messages that have failed, all or those of one consumer, due again; returns how many.

    Raises ValidationError without a reason, PermissionDenied if the user `actor` has no right to it.
    """
    if not reason.strip():
        raise ValidationError({"reason": [_("A reason is required.")]})
    if not actor.has_perm(RETRY_OUTBOX_MESSAGE):
        raise PermissionDenied
    with transaction.atomic():
        messages = outbox.retry_failed(task=task)
        if messages:
            record(
                "integrations.messages_retried",
                actor=actor,
                target_type="insure_common.outbox_message",
                target_id=task or "*",
                metadata={"messages": messages, "reason": reason},
            )
    return messages
