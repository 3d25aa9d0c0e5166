"""What a payment is, is derived from its transactions; what follows from that is written here, in one place."""

from collections.abc import Iterable
from datetime import timedelta

from insure_common import batch, clock
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import (
    HOSTED_METHODS,
    LIVE_TRANSACTION_STATUSES,
    UNSETTLED_PAYMENT_STATUSES,
    FailureReason,
    PaymentStatus,
)
from insure_payments.models import ChargeHold, Payment, Transaction

FAILURE_OF = {
    PaymentStatus.DECLINED: FailureReason.DECLINED,
    PaymentStatus.ERROR: FailureReason.FAILED,
    PaymentStatus.VOIDED: FailureReason.FAILED,
    PaymentStatus.EXPIRED: FailureReason.EXPIRED,
}
PAGE_RETRY = timedelta(minutes=5)
"""After a failed attempt on its page Wompi lets the payer begin another one for three minutes; news may take longer."""
REDIRECT_PATIENCE = timedelta(seconds=60)
"""How long the address of the bank's page is asked for in a row; afterwards the sweep goes on at its own pace."""


def derive_state(
    payment: Payment, *, attempts: Iterable[Transaction] | None = None, failure: FailureReason | None = None
) -> None:
    """Set a locked payment's status, failure and next question to the provider; release its charges once it is over.

    `attempts` are its transactions, where the caller has them; `failure` says more precisely why, where that is known.
    The caller saves the payment.
    """
    attempts = payment.transactions.all() if attempts is None else attempts
    statuses = [attempt.status for attempt in attempts if not attempt.mismatch]
    status = PaymentStatus.of(
        statuses,
        is_expired=clock.now() >= payment.expires_at,
        is_page_open=payment.page_closes_at is not None,
    )
    if failure or status != payment.status:
        payment.failure_reason = str(failure or FAILURE_OF.get(status) or "")
    payment.status = status
    if payment.status != PaymentStatus.CREATED:
        payment.card_token = ""
    if payment.status in UNSETTLED_PAYMENT_STATUSES:
        return
    batch.delete(ChargeHold, payment=payment)
    if set(statuses) & set(LIVE_TRANSACTION_STATUSES):
        return
    if payment.page_closes_at is None:
        payment.next_poll_at = None
    elif payment.page_closes_at > clock.now():
        payment.next_poll_at = payment.page_closes_at


def is_hosted(payment: Payment) -> bool:
    """Whether the payer chooses how to pay on a page of the provider."""
    return payment.method["type"] in HOSTED_METHODS


def expect_transactions(payment: Payment) -> None:
    """Keep a locked payment, whose page has just been made known, waiting for transactions. The caller saves it."""
    payment.page_closes_at = payment.expires_at + PAGE_RETRY


def expect_retry(payment: Payment) -> None:
    """Keep a locked payment waiting after an attempt on the provider's page has failed. The caller saves it."""
    payment.page_closes_at = min(clock.now(), payment.expires_at) + PAGE_RETRY
    payment.next_poll_at = min(payment.next_poll_at or payment.page_closes_at, payment.page_closes_at)


def schedule_next_poll(payment: Payment) -> None:
    """Plan the next question at doubled intervals, none after POLL_DAYS, and one when payment or page are over."""
    settings, now = PaymentsSettings.load(), clock.now()
    if now >= payment.created_at + timedelta(days=settings.POLL_DAYS):
        payment.next_poll_at = None
        return
    payment.polls += 1
    # 2 ** 12 minutes is beyond any longest interval; the cap keeps the number small.
    seconds = min(settings.POLL_FIRST_SECONDS * 2 ** min(payment.polls, 12), settings.POLL_MAX_SECONDS)
    ends = [end for end in (payment.expires_at, payment.page_closes_at) if end is not None and end > now]
    payment.next_poll_at = min([now + timedelta(seconds=seconds), *ends])


def is_waiting_for_redirect(payment: Payment) -> bool:
    """Whether a payment just opened has neither a final state nor the address of the bank's page."""
    is_young = clock.now() < payment.created_at + REDIRECT_PATIENCE
    return payment.status == PaymentStatus.PENDING and not payment.redirect_url and is_young
