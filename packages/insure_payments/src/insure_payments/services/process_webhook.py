"""Act on a stored event: ask the provider itself, and believe only its answer."""

import logging
from uuid import UUID

from django.db import transaction
from django.db.models import F

from insure_common import clock, outbox
from insure_common.database import retried
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import WebhookStatus
from insure_payments.gateways.base import GatewayRefused, GatewayTransaction, GatewayUnavailable, gateway
from insure_payments.models import Payment, WebhookEvent
from insure_payments.services.settle_payment import settle_payment

logger = logging.getLogger(__name__)


def process_webhook(*, event_id: UUID) -> None:
    """Settle the payment that an event hints at; processing it again changes nothing.

    Raises GatewayUnavailable if the provider does not answer: the event is then FAILED until the next attempt.
    """
    event = WebhookEvent.objects.get(pk=event_id)
    if event.status == WebhookStatus.PROCESSED:
        return
    WebhookEvent.objects.filter(pk=event.pk).update(attempts=F("attempts") + 1)
    if event.environment != PaymentsSettings.load().GATEWAYS[event.provider].get("environment", event.environment):
        logger.error("webhook event of another environment", extra={"webhook_event": str(event.pk)})
        _finish(event, WebhookStatus.FAILED, "wrong environment")
        return
    if not event.transaction_id:
        _finish(event, WebhookStatus.PROCESSED, "nothing to do")
        return
    try:
        reported = gateway(event.provider).fetch(event.transaction_id)
    except GatewayRefused as refusal:
        logger.error("provider does not know its own event", extra={"webhook_event": str(event.pk)})
        _finish(event, WebhookStatus.FAILED, str(refusal))
        return
    except GatewayUnavailable:
        _finish(event, WebhookStatus.FAILED, "provider unavailable")
        raise
    if reported.provider_id != event.transaction_id:
        logger.error("provider answered about another transaction", extra={"webhook_event": str(event.pk)})
        _finish(event, WebhookStatus.FAILED, "answer about another transaction")
        return
    _believe(event, reported)


@retried
def _believe(event: WebhookEvent, reported: GatewayTransaction) -> None:
    with transaction.atomic():
        _finish(event, WebhookStatus.PROCESSED, _settle(event, reported))
        outbox.complete()


def _settle(event: WebhookEvent, reported: GatewayTransaction) -> str:
    payment = Payment.objects.filter(reference=reported.reference).only("pk").first()
    if payment is None:
        logger.warning("webhook event of an unknown reference", extra={"webhook_event": str(event.pk)})
        return "unknown reference"
    settled = settle_payment(payment_id=payment.pk, reported=reported)
    return f"payment {settled.status}"


def _finish(event: WebhookEvent, status: WebhookStatus, verdict: str) -> None:
    processed_at = clock.now() if status == WebhookStatus.PROCESSED else None
    # Of two runs at the same time the one that failed does not hide that the other one succeeded.
    unfinished = WebhookEvent.objects.filter(pk=event.pk).exclude(status=WebhookStatus.PROCESSED)
    unfinished.update(status=status, processed_at=processed_at, verdict=verdict[:200])
