"""Ask the provider what has become of a payment."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from insure_common import clock, outbox
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import LIVE_TRANSACTION_STATUSES, FailureReason, TransactionStatus
from insure_payments.gateways.base import Gateway, GatewayRefused, GatewayUnavailable, gateway
from insure_payments.models import Payment, Transaction
from insure_payments.services.payment_state import derive_state, is_waiting_for_redirect
from insure_payments.services.settle_payment import settle_payment

logger = logging.getLogger(__name__)

REDIRECT_PAUSE = timedelta(seconds=1)


def refresh_payment(*, payment_id: UUID) -> None:
    """Bring a payment to the state that its provider reports for each of its live transactions.

    Raises RetryLater while a payment just opened has neither a final state nor the address of the bank's page.
    """
    payment = Payment.objects.get(pk=payment_id)
    provider = gateway(payment.provider)
    for attempt in payment.transactions.filter(status__in=LIVE_TRANSACTION_STATUSES).order_by("pk"):
        try:
            _ask(provider, payment, attempt)
        except (GatewayUnavailable, GatewayRefused) as failure:
            logger.warning("provider did not tell", extra={"payment": str(payment.pk)}, exc_info=failure)
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        derive_state(payment)
        payment.save()
    if is_waiting_for_redirect(payment):
        raise outbox.RetryLater(REDIRECT_PAUSE)


def _ask(provider: Gateway, payment: Payment, attempt: Transaction) -> None:
    if attempt.provider_id is not None:
        reported = provider.fetch(attempt.provider_id)
        settle_payment(payment_id=payment.pk, reported=reported, asked_id=attempt.provider_id)
        return
    found = provider.find_by_reference(payment.reference)
    for reported in found:
        settle_payment(payment_id=payment.pk, reported=reported)
    deadline = attempt.created_at + timedelta(minutes=PaymentsSettings.load().OPENING_MINUTES)
    if not found and clock.now() >= deadline:
        _give_up(payment, attempt)


def _give_up(payment: Payment, attempt: Transaction) -> None:
    """The provider has never heard of it. Should it turn up later after all, its approval still settles."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        unknown = payment.transactions.filter(pk=attempt.pk, status=TransactionStatus.UNKNOWN)
        if unknown.update(status=TransactionStatus.ERROR, finalized_at=clock.now()):
            derive_state(payment, failure=FailureReason.PROVIDER_UNAVAILABLE)
            payment.save()
