"""Take back money that the provider, or the bank, has returned, under the payment's lock."""

from typing import Any

from django.db.models import QuerySet, Sum

from insure_audit.public import record
from insure_common import clock, outbox
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import TransactionStatus
from insure_payments.models import Allocation, Payment, Transaction
from insure_payments.services.allocate import release
from insure_payments.services.cases import end_void, review_credit
from insure_payments.services.post_entry import post_entry, reversal_of


def void_transaction(payment: Payment, voided: Transaction) -> None:
    """Reverse the posting, reopen the charges that it paid and tell everybody who was told; the caller saves both."""
    assert voided.entry is not None  # a check constraint holds it for every approved transaction
    payment.settled_in_cents -= voided.amount_in_cents
    release(payment, keep_in_cents=max(0, payment.kept_in_cents))
    post_entry(reversal_of(voided.entry, source=voided.provider, external_id=str(voided.provider_id)))
    voided.status = TransactionStatus.VOIDED
    review_credit(payment)
    end_void(payment, voided)
    record(
        "payments.payment_reversed",
        target_type="insure_payments.payment",
        target_id=payment.pk,
        metadata={"provider": voided.provider, "provider_id": voided.provider_id},
    )
    if voided.reportable_in_cents:
        outbox.enqueue(
            "insure_payments.tasks.report_reversal_task",
            payload={"transaction_id": voided.pk, "reversed_at": clock.now().isoformat()},
        )
    _correct_other_reports(payment, voided)
    outbox.emit(
        "payment_reversed",
        payload={
            "payment_id": payment.pk,
            "user_id": payment.user_id,
            "amount_in_cents": voided.amount_in_cents,
            "currency": voided.currency,
        },
    )


def _correct_other_reports(payment: Payment, voided: Transaction) -> None:
    """Tell the core system which credit of the payment is no longer on its charges, the latest applied first; or that
    other money of the payment, which was credit until now, has taken the place of what went back."""
    approved = payment.transactions.filter(status=TransactionStatus.APPROVED).exclude(pk=voided.pk)
    applied = payment.cases.filter(reportable_in_cents__gt=0, reversed_at=None).order_by("-closed_at", "-pk")
    on_charges = Allocation.objects.filter(payment=payment, charge__system=PaymentsSettings.load().CORE_SYSTEM)
    surplus = (
        _total(approved, "reportable_in_cents")
        + _total(applied, "reportable_in_cents")
        - _total(on_charges, "settled_in_cents")
    )
    for case in applied:
        if surplus <= 0:
            return
        surplus -= case.reportable_in_cents
        case.reversed_at = clock.now()
        case.save(update_fields=["reversed_at"])
        outbox.enqueue("insure_payments.tasks.report_credit_reversal_task", payload={"case_id": case.pk})
    untold = approved.filter(reportable_in_cents=0, reported_at=None).order_by("pk").first()
    if surplus < 0 and untold is not None:
        approved.filter(pk=untold.pk).update(reportable_in_cents=-surplus)
        paid = on_charges.filter(settled_in_cents__gt=0).order_by("charge_id")
        outbox.enqueue(
            "insure_payments.tasks.report_payment_task",
            payload={
                "transaction_id": untold.pk,
                "charge_references": list(paid.values_list("charge__reference", flat=True)),
            },
        )


def _total(rows: QuerySet[Any], name: str) -> int:
    return rows.aggregate(total=Sum(name))["total"] or 0
