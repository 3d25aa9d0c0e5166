"""Let the provider open the transaction of a new payment. The call is made outside of any database transaction."""

import logging
from datetime import timedelta
from textwrap import shorten
from uuid import UUID

from django.db import transaction

from insure_audit.public import record
from insure_common import clock, outbox
from insure_common.database import retried
from insure_common.people import people
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import FailureReason, PaymentStatus, TransactionStatus
from insure_payments.gateways.base import (
    AcceptanceOutdated,
    GatewayRefused,
    GatewayTransaction,
    GatewayUnavailable,
    HostedPage,
    OpenRequest,
    gateway,
)
from insure_payments.models import Allocation, Payment
from insure_payments.services.payment_state import derive_state, expect_transactions, is_hosted, is_waiting_for_redirect
from insure_payments.services.refresh_catalog import request_catalog_refresh
from insure_payments.services.settle_payment import settle_payment

logger = logging.getLogger(__name__)

LONGEST_DESCRIPTION = 30
"""What PSE takes; see the facts on `payment_description`."""
PAUSE = timedelta(seconds=5)


def open_payment(*, payment_id: UUID) -> None:
    """Open a CREATED payment at its provider: at most one attempt is ever under way.

    The attempt is a row before the provider is asked. If no answer comes it stays UNKNOWN, and asking for the
    reference settles it; it is never opened a second time unless the first request certainly did not leave, and then
    only until OPENING_MINUTES have passed. A page of the provider needs no such care: nothing leaves, so it has no
    attempt.
    """
    payment = _begin_attempt(payment_id)
    if payment is None:
        return
    try:
        opened = gateway(payment.provider).open(_request_of(payment))
    except AcceptanceOutdated:
        request_catalog_refresh(provider=payment.provider)
        _fail(payment, FailureReason.ACCEPTANCE_OUTDATED, "")
    except GatewayRefused as refusal:
        _fail(payment, FailureReason.PROVIDER_REFUSED, str(refusal))
    except GatewayUnavailable as failure:
        if failure.sent:
            _leave_unknown(payment)
        else:
            _withdraw_attempt(payment)
    else:
        _apply(payment, opened)


@retried
def _begin_attempt(payment_id: UUID) -> Payment | None:
    """Write the attempt; None if there is one already, or nothing left to open.

    The row forgets the token of a card, which serves this attempt only; the returned object holds it.
    """
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        if payment.transactions.exists():
            # An earlier run died on its way: whether the provider has heard of it is for the reference to tell.
            _look_again_soon(payment)
            _look_again_at_the_latest(payment)
            outbox.complete()
            return None
        derive_state(payment)
        payment.save()
        if payment.status != PaymentStatus.CREATED:
            outbox.complete()
            return None
        if not is_hosted(payment):
            payment.transactions.create(
                provider=payment.provider, amount_in_cents=payment.amount_in_cents, currency=payment.currency
            )
            Payment.objects.filter(pk=payment.pk).update(card_token="")
        return payment


@retried
def _apply(payment: Payment, opened: GatewayTransaction | HostedPage) -> None:
    with transaction.atomic():
        if isinstance(opened, HostedPage):
            payment = _show_page(payment, opened)
        else:
            payment = settle_payment(payment_id=payment.pk, reported=opened)
        if is_waiting_for_redirect(payment):
            _look_again_soon(payment)


def _show_page(payment: Payment, page: HostedPage) -> Payment:
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    payment.redirect_url = page.redirect_url
    expect_transactions(payment)
    derive_state(payment)
    payment.save()
    return payment


def _request_of(payment: Payment) -> OpenRequest:
    payer = people().get(payment.user_id)
    allocations = list(Allocation.objects.filter(payment=payment).select_related("charge").order_by("charge_id"))
    return OpenRequest(
        reference=payment.reference,
        amount_in_cents=payment.amount_in_cents,
        currency=payment.currency,
        description=_whole_words(allocations[0].charge.concept),
        customer_email=payer.email if payer else "",
        customer_name=payer.full_name if payer else "",
        customer_phone=payer.phone if payer else "",
        method=payment.method | ({"token": payment.card_token} if payment.card_token else {}),
        return_url=payment.return_url,
        client_address=payment.client_address or "",
        accepted_documents=tuple(payment.accepted_documents),
        expires_at=payment.expires_at,
        taxes_in_cents=sum(
            allocation.requested_in_cents * allocation.charge.tax_in_cents // allocation.charge.amount_in_cents
            for allocation in allocations
        ),
    )


def _whole_words(text: str) -> str:
    return shorten(text, LONGEST_DESCRIPTION, placeholder="") or text[:LONGEST_DESCRIPTION]


@retried
def _fail(payment: Payment, failure: FailureReason, message: str) -> None:
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        attempts = payment.transactions.filter(provider_id=None, status=TransactionStatus.UNKNOWN)
        failed = {"status": TransactionStatus.ERROR, "message": message[:500], "finalized_at": clock.now()}
        if not attempts.update(**failed):
            payment.transactions.create(
                provider=payment.provider,
                amount_in_cents=payment.amount_in_cents,
                currency=payment.currency,
                **failed,
            )
        derive_state(payment, failure=failure)
        payment.save()
        record(
            "payments.payment_refused",
            target_type="insure_payments.payment",
            target_id=payment.pk,
            metadata={"failure_reason": str(failure)},
        )
        outbox.complete()


@retried
def _leave_unknown(payment: Payment) -> None:
    logger.warning("no answer to the opening of a payment", extra={"payment": str(payment.pk)})
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        derive_state(payment)
        payment.save()
        _look_again_soon(payment)
        _look_again_at_the_latest(payment)
        outbox.complete()


def _withdraw_attempt(payment: Payment) -> None:
    """The request did not leave, so nothing was opened: try again, but not for ever.

    Whoever has lost the message meanwhile leaves the attempt: its new owner counts on it.
    """
    if clock.now() >= payment.created_at + timedelta(minutes=PaymentsSettings.load().OPENING_MINUTES):
        _fail(payment, FailureReason.PROVIDER_UNAVAILABLE, "")
        return
    with transaction.atomic():
        card_token = payment.card_token
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        payment.transactions.filter(provider_id=None, status=TransactionStatus.UNKNOWN).delete()
        payment.card_token = card_token
        derive_state(payment)
        payment.save()
        outbox.complete()
        outbox.enqueue(
            "insure_payments.tasks.open_payment_task",
            payload={"payment_id": payment.pk},
            delay=PAUSE,
            priority=outbox.Priority.URGENT,
        )


def _look_again_soon(payment: Payment) -> None:
    """The bank's page is known only moments after the opening."""
    outbox.enqueue(
        "insure_payments.tasks.refresh_payment_task",
        payload={"payment_id": payment.pk},
        delay=timedelta(seconds=1),
        priority=outbox.Priority.URGENT,
    )


def _look_again_at_the_latest(payment: Payment) -> None:
    """When the provider's silence counts as failure, so that the payment does not wait for its next poll."""
    outbox.enqueue(
        "insure_payments.tasks.refresh_payment_task",
        payload={"payment_id": payment.pk},
        delay=timedelta(minutes=PaymentsSettings.load().OPENING_MINUTES),
        dedupe_key=f"insure_payments.opening:{payment.pk}",
    )
