"""Ask the provider what has become of a payment."""

import logging
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction

from insure_common import clock, outbox
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import LIVE_TRANSACTION_STATUSES, FailureReason, TransactionStatus
from insure_payments.gateways.base import Gateway, GatewayRefused, GatewayUnavailable, LookupUnsupported, gateway
from insure_payments.models import Payment, Transaction
from insure_payments.services.payment_state import derive_state, is_waiting_for_redirect
from insure_payments.services.settle_payment import settle_payment

logger = logging.getLogger(__name__)

REDIRECT_PAUSE = timedelta(seconds=1)


def refresh_payment(*, payment_id: UUID) -> None:
    """Bring a payment to the state that its provider reports for each of its live transactions, known or new.

    Raises RetryLater while a payment just opened has neither a final state nor the address of the bank's page.
    """
    payment = Payment.objects.get(pk=payment_id)
    provider = gateway(payment.provider)
    attempts = payment.transactions.filter(status__in=LIVE_TRANSACTION_STATUSES).order_by("pk")
    questions = [partial(_ask, provider, payment, attempt) for attempt in attempts]
    if payment.page_closes_at is not None:
        questions = [partial(_ask_about_page, provider, payment, payment.page_closes_at)]
    for ask in questions:
        try:
            ask()
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
    deadline = attempt.created_at + timedelta(minutes=PaymentsSettings.load().OPENING_MINUTES)
    try:
        found = provider.find_by_reference(payment.reference)
    except LookupUnsupported:
        # Only an event can tell. Until the payment is over, what was perhaps opened keeps the charges.
        found, deadline = [], payment.expires_at
    for reported in found:
        settle_payment(payment_id=payment.pk, reported=reported)
    if not found and clock.now() >= deadline:
        _give_up(payment, attempt)


def _ask_about_page(provider: Gateway, payment: Payment, closes_at: datetime) -> None:
    """The reference tells of transactions of which no event has come; after the page's end there will be no more."""
    asked_at = clock.now()
    for reported in provider.find_by_reference(payment.reference):
        settle_payment(payment_id=payment.pk, reported=reported)
    if asked_at >= closes_at:
        # A failure that came to light just now has moved the end; then the page stays open.
        Payment.objects.filter(pk=payment.pk, page_closes_at=closes_at).update(page_closes_at=None)


def _give_up(payment: Payment, attempt: Transaction) -> None:
    """The provider has never heard of it. Should it turn up later after all, its approval still settles."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        unknown = payment.transactions.filter(pk=attempt.pk, status=TransactionStatus.UNKNOWN)
        if unknown.update(status=TransactionStatus.ERROR, finalized_at=clock.now()):
            derive_state(payment, failure=FailureReason.PROVIDER_UNAVAILABLE)
            payment.save()
