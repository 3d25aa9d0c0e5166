"""Process a stored event again, as an operator wishes."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404

from insure_audit.public import record
from insure_common import outbox
from insure_common.exceptions import PermissionDenied
from insure_payments.enums import WebhookStatus
from insure_payments.models import WebhookEvent
from insure_payments.permissions import REPLAY_WEBHOOK_EVENT


def replay_webhook(*, actor: Any, event_id: UUID, reason: str = "") -> WebhookEvent:
    """Let a worker ask the provider once more what the event was about; no news changes nothing, so no reason is due.

    Raises Http404, PermissionDenied.
    """
    if not actor.has_perm(REPLAY_WEBHOOK_EVENT):
        raise PermissionDenied
    with transaction.atomic():
        events = WebhookEvent.objects.defer("raw_body").select_for_update(no_key=True)
        event = get_object_or_404(events, pk=event_id)
        event.status, event.processed_at, event.verdict = WebhookStatus.RECEIVED, None, ""
        event.save(update_fields=["status", "processed_at", "verdict"])
        record(
            "payments.webhook_replayed",
            actor=actor,
            target_type="insure_payments.webhookevent",
            target_id=event.pk,
            metadata={"reason": reason} if reason else {},
        )
        outbox.enqueue(
            "insure_payments.tasks.process_webhook_task",
            payload={"event_id": event.pk},
            priority=outbox.Priority.URGENT,
        )
        return event
