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
    # What the core system reopens: the charges it was told this money has paid, or else what credit has paid last.
    release(payment, keep_in_cents=max(0, payment.kept_in_cents), first_put_first=voided.reportable_in_cents > 0)
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
    for task, payload in _reversals(payment, voided):
        outbox.enqueue(task, payload=payload)
    outbox.emit(
        "payment_reversed",
        payload={
            "payment_id": payment.pk,
            "user_id": payment.user_id,
            "amount_in_cents": voided.amount_in_cents,
            "currency": voided.currency,
        },
    )


def _reversals(payment: Payment, voided: Transaction) -> list[tuple[str, dict[str, Any]]]:
    """What the core system must hear, as messages: that it has lost this money, and which credit of the payment is no
    longer on its charges, the latest applied first. Other money of the payment, which was credit until now, may have
    taken the place of what went back: that is told when the core system has reopened the charges.
    """
    approved = payment.transactions.filter(status=TransactionStatus.APPROVED).exclude(pk=voided.pk)
    applied = payment.cases.filter(reportable_in_cents__gt=0, reversed_at=None).order_by("-closed_at", "-pk")
    on_charges = Allocation.objects.filter(payment=payment, charge__system=PaymentsSettings.load().CORE_SYSTEM)
    surplus = (
        _total(approved, "reportable_in_cents")
        + _total(applied, "reportable_in_cents")
        - _total(on_charges, "settled_in_cents")
    )
    messages: list[tuple[str, dict[str, Any]]] = []
    if voided.reportable_in_cents:
        payload = {"transaction_id": str(voided.pk), "reversed_at": clock.now().isoformat()}
        messages.append(("insure_payments.tasks.report_reversal_task", payload))
    for case in applied:
        if surplus <= 0:
            break
        surplus -= case.reportable_in_cents
        case.reversed_at = clock.now()
        case.save(update_fields=["reversed_at"])
        messages.append(("insure_payments.tasks.report_credit_reversal_task", {"case_id": str(case.pk)}))
    untold = approved.filter(reportable_in_cents=0, reported_at=None).order_by("pk").first()
    if messages and surplus < 0 and untold is not None:
        approved.filter(pk=untold.pk).update(reportable_in_cents=-surplus)
        # The core system fills them in this order: what `release` has kept whole comes before what it has cut.
        paid = on_charges.filter(settled_in_cents__gt=0).order_by("-pk")
        references = list(paid.values_list("charge__reference", flat=True))
        messages[-1][1]["successor"] = {"transaction_id": str(untold.pk), "charge_references": references}
    return messages


def _total(rows: QuerySet[Any], name: str) -> int:
    return rows.aggregate(total=Sum(name))["total"] or 0
