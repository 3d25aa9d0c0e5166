"""Tell the core system what was paid, and what was taken back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.transaction import atomic

from insure_common import clock, outbox
from insure_integrations.public import PaymentReport, ReversalReport, core_system
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import PaymentStatus
from insure_payments.models import Case, Payment, Transaction


class NotYetReported(Exception):
    """The core system does not know the payment yet that it should take back."""


def report_payment(*, transaction_id: UUID, charge_references: Sequence[str]) -> None:
    """Report what an approved transaction paid of the core system's charges.

    Safe to repeat: the core system knows the transaction's id as idempotency key. Raises what `CoreSystem` raises.
    """
    settled = Transaction.objects.select_related("payment", "receipt").get(pk=transaction_id)
    if settled.reported_at is None:
        report = PaymentReport(
            reference=_reference_of(settled),
            charge_references=charge_references,
            amount_in_cents=settled.reportable_in_cents,
            currency=settled.currency,
            method=settled.method or settled.payment.method["type"],
            provider=settled.provider,
            provider_transaction=str(settled.provider_id),
            settled_at=settled.finalized_at or clock.now(),
        )
        core_system(PaymentsSettings.load().CORE_SYSTEM).report_payment(report, idempotency_key=str(settled.pk))
    with atomic():
        # Who settles or voids the payment meanwhile has read the transaction under this lock, and writes all of it.
        Payment.objects.select_for_update(no_key=True).get(pk=settled.payment_id)
        Transaction.objects.filter(pk=settled.pk, reported_at=None).update(reported_at=clock.now())
        outbox.complete()


def report_reversal(*, transaction_id: UUID, reversed_at: datetime, successor: Mapping[str, Any] | None = None) -> None:
    """Report that a reported transaction was taken back; safe to repeat, like `report_payment`.

    `successor` is the payload of the report of what has taken its place, which the core system must hear afterwards.
    Raises NotYetReported until its payment has been reported, and what `CoreSystem` raises.
    """
    voided = Transaction.objects.select_related("payment", "receipt").get(pk=transaction_id)
    if voided.reported_at is None:
        raise NotYetReported
    report = ReversalReport(
        reference=_reference_of(voided),
        amount_in_cents=voided.reportable_in_cents,
        currency=voided.currency,
        reason=voided.message or voided.status,
        reversed_at=reversed_at,
    )
    core_system(PaymentsSettings.load().CORE_SYSTEM).report_reversal(report, idempotency_key=f"{voided.pk}:reversal")
    _follow_with(successor)


def report_credit(*, case_id: UUID, charge_references: Sequence[str]) -> None:
    """Report what an operator has paid of the core system's charges with the credit of a payment.

    To the core system it is a payment of its own. Safe to repeat, like `report_payment`.
    """
    applied = Case.objects.select_related("payment").get(pk=case_id)
    source = applied.payment.transactions.filter(entry__isnull=False).order_by("-pk").first()
    if applied.reported_at is None:
        report = PaymentReport(
            reference=_credit_reference_of(applied),
            charge_references=charge_references,
            amount_in_cents=applied.reportable_in_cents,
            currency=applied.currency,
            method=(source and source.method) or applied.payment.method["type"],
            provider=applied.payment.provider,
            provider_transaction=str(source.provider_id) if source else "",
            settled_at=applied.closed_at or clock.now(),
        )
        core_system(PaymentsSettings.load().CORE_SYSTEM).report_payment(report, idempotency_key=str(applied.pk))
    with atomic():
        Case.objects.filter(pk=applied.pk, reported_at=None).update(reported_at=clock.now())
        outbox.complete()


def report_credit_reversal(*, case_id: UUID, successor: Mapping[str, Any] | None = None) -> None:
    """Report that credit which had paid charges was taken back with its payment; like `report_reversal`."""
    taken_back = Case.objects.select_related("payment").get(pk=case_id)
    if taken_back.reported_at is None:
        raise NotYetReported
    report = ReversalReport(
        reference=_credit_reference_of(taken_back),
        amount_in_cents=taken_back.reportable_in_cents,
        currency=taken_back.currency,
        reason=PaymentStatus.VOIDED,
        reversed_at=taken_back.reversed_at or clock.now(),
    )
    core_system(PaymentsSettings.load().CORE_SYSTEM).report_reversal(
        report, idempotency_key=f"{taken_back.pk}:reversal"
    )
    _follow_with(successor)


def _follow_with(successor: Mapping[str, Any] | None) -> None:
    if successor is not None:
        with atomic():
            outbox.enqueue("insure_payments.tasks.report_payment_task", payload=successor)
            outbox.complete()


def _credit_reference_of(case: Case) -> str:
    return f"{case.payment.reference}-{case.pk}"


def _reference_of(transaction: Transaction) -> str:
    """The payment's own reference; a second approved transaction of one payment is another payment to others."""
    reference = transaction.payment.reference
    return reference if hasattr(transaction, "receipt") else f"{reference}-{transaction.provider_id}"
