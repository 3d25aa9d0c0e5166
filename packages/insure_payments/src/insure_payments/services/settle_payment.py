"""Bring a payment to the state its provider reports, exactly once."""

import logging
from uuid import UUID

from django.db import transaction

from insure_common import batch
from insure_common.database import read, retried
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import FAILED_TRANSACTION_STATUSES, TRANSACTION_TRANSITIONS, TransactionStatus
from insure_payments.gateways.base import GatewayTransaction
from insure_payments.models import Payment, Transaction
from insure_payments.services.approve_transaction import approve_transaction
from insure_payments.services.cases import end_quarantine, quarantine
from insure_payments.services.payment_state import derive_state, expect_retry, is_hosted
from insure_payments.services.void_transaction import void_transaction

logger = logging.getLogger(__name__)

STATE = (
    "status",
    "failure_reason",
    "settled_in_cents",
    "settled_at",
    "card_token",
    "redirect_url",
    "page_closes_at",
    "next_poll_at",
)
"""What a transaction may change of its payment."""


@retried
def settle_payment(*, payment_id: UUID, reported: GatewayTransaction, asked_id: str | None = None) -> Payment:
    """Apply what the provider itself answered about one transaction of a payment, in one transaction.

    What is no news changes nothing, so events may come twice, late and in any order. A transaction that is not the one
    asked for (`asked_id`) or does not belong to the payment is quarantined with an alert and changes nothing either.
    Approved money is always posted, whatever has become of payment and charges meanwhile.
    """
    with transaction.atomic(), batch.together():
        payment = _lock(payment_id)
        attempts = _attempts_of(payment, reported)
        attempt = _transaction_of(payment, attempts, reported)
        if mismatch := _mismatch(payment, attempt, reported, asked_id):
            quarantine(payment, reported, asked_id=asked_id, mismatch=mismatch)
            return payment
        _note_details(payment, attempt, reported)
        if reported.status not in TRANSACTION_TRANSITIONS[TransactionStatus(attempt.status)]:
            _refuse(attempt, reported)
        elif reported.status == TransactionStatus.APPROVED:
            approve_transaction(payment, attempt)
        elif reported.status == TransactionStatus.VOIDED and attempt.status == TransactionStatus.APPROVED:
            void_transaction(payment, attempt)
        else:
            attempt.status = reported.status
            if is_hosted(payment) and attempt.status in FAILED_TRANSACTION_STATUSES:
                expect_retry(payment)
        batch.save(attempt)
        derive_state(payment, attempts={attempt, *attempts})
        batch.update([payment], STATE)
        return payment


def _lock(payment_id: UUID) -> Payment:
    sql = "SELECT {columns} FROM insure_payments_payment WHERE id = %s FOR NO KEY UPDATE"
    for payment in read(Payment, sql, [payment_id]):
        return payment
    raise Payment.DoesNotExist


def _attempts_of(payment: Payment, reported: GatewayTransaction) -> list[Transaction]:
    """The payment's transactions, the oldest first, and the reported one even if it belongs to another payment."""
    sql = """
        SELECT {columns} FROM insure_payments_transaction
        WHERE payment_id = %s OR (provider = %s AND provider_id = %s) ORDER BY id
    """
    return read(Transaction, sql, [payment.pk, reported.provider, reported.provider_id])


def _transaction_of(payment: Payment, attempts: list[Transaction], reported: GatewayTransaction) -> Transaction:
    """The row of this transaction: known by its id, or the attempt whose id was not known yet, or a new one."""
    for attempt in attempts:
        if (attempt.provider, attempt.provider_id) == (reported.provider, reported.provider_id):
            return attempt
    for attempt in attempts:
        if attempt.provider_id is None and attempt.status == TransactionStatus.UNKNOWN:
            return attempt
    return Transaction(payment=payment, provider=reported.provider)


def _mismatch(payment: Payment, attempt: Transaction, reported: GatewayTransaction, asked_id: str | None) -> str:
    """What does not belong to the payment, or nothing. Another amount does: that money has come."""
    environment = PaymentsSettings.load().GATEWAYS[payment.provider].get("environment", "")
    checks = {
        "provider": reported.provider == payment.provider,
        "id": bool(reported.provider_id) and asked_id in (None, reported.provider_id),
        "currency": reported.currency == payment.currency,
        "amount": reported.amount_in_cents > 0,
        "environment": reported.environment in ("", environment),
        "payment": attempt.payment_id == payment.pk,
        # The last one: only this an operator may overrule, and nothing else may hide behind it.
        "reference": reported.reference == payment.reference,
    }
    return next((name for name, is_right in checks.items() if not is_right), "")


def _note_details(payment: Payment, attempt: Transaction, reported: GatewayTransaction) -> None:
    if attempt.mismatch or attempt.provider_id != reported.provider_id:
        end_quarantine(payment, provider_id=reported.provider_id)
    attempt.provider_id = reported.provider_id
    if attempt.entry_id is None:
        attempt.amount_in_cents = reported.amount_in_cents
        attempt.currency = reported.currency
    attempt.method = reported.method[:40] or attempt.method
    attempt.trace_code = reported.trace_code[:100] or attempt.trace_code
    attempt.message = reported.message[:500] or attempt.message
    attempt.finalized_at = reported.finalized_at or attempt.finalized_at
    attempt.mismatch = ""
    if not is_hosted(payment):
        payment.redirect_url = reported.redirect_url or payment.redirect_url


def _refuse(attempt: Transaction, reported: GatewayTransaction) -> None:
    if reported.status != attempt.status:
        logger.warning(
            "transition refused",
            extra={"transaction": str(attempt.pk), "from": attempt.status, "to": str(reported.status)},
        )
