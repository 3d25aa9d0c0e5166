"""Keep the core system told of the money that is on its charges.

Each report is about one transaction and one charge, so that the core system has nothing to divide, and is taken back as
a whole. What it is told follows from the allocations alone: whoever changes them asks for `report_payment`.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.db.transaction import atomic

from insure_common import batch, clock, outbox
from insure_integrations.public import CoreRefused, PaymentReport, ReversalReport, core_system
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import CaseKind, TransactionStatus
from insure_payments.models import Allocation, CoreReport, Payment

PAUSE = timedelta(seconds=5)
"""How long to wait while another payment takes its money off the charge."""


def request_report(payment_ids: Iterable[UUID]) -> None:
    """Ask a worker to tell the core system what has changed, in the transaction of the change."""
    task = "insure_payments.tasks.report_payment_task"
    batch.insert(outbox.new_message(task, payload={"payment_id": payment_id}) for payment_id in payment_ids)


def report_payment(*, payment_id: UUID) -> None:
    """Bring what the core system knows of a payment to what is on its charges: first take back, then tell.

    Safe to repeat and to run twice at once: a report is written before the call, and its id is the idempotency key.
    What the core system refuses stops nothing else. Raises CoreRefused when the rest is done, RetryLater while money of
    other payments is still to be taken off a charge, and otherwise what `CoreSystem` raises.
    """
    refusals: dict[UUID, CoreRefused] = {}
    while report := _next_call(payment_id, refusals):
        try:
            _call(report)
        except CoreRefused as refusal:
            refusals[report.pk] = refusal


def _call(report: CoreReport) -> None:
    core = core_system(PaymentsSettings.load().CORE_SYSTEM)
    if report.reported_at is None:
        core.report_payment(_told(report), idempotency_key=str(report.pk))
        CoreReport.objects.filter(pk=report.pk, reported_at=None).update(reported_at=clock.now())
    else:
        core.report_reversal(_taken_back(report), idempotency_key=f"{report.pk}:reversal")
        CoreReport.objects.filter(pk=report.pk, reversed_at=None).update(reversed_at=clock.now())


def _next_call(payment_id: UUID, refusals: dict[UUID, CoreRefused]) -> CoreReport | None:
    """The report to make or to take back next, or None when the core system knows everything."""
    with atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        standing = _standing(payment)
        for report in standing:
            if report.pk not in refusals and (report.reported_at is None or report.withdrawn_at is not None):
                return report
        allocations = payment.allocations.filter(charge__system=PaymentsSettings.load().CORE_SYSTEM)
        missing = Counter({allocation: allocation.settled_in_cents for allocation in allocations.order_by("pk")})
        for report in standing:
            missing[report.allocation] -= report.amount_in_cents
        for report in standing:
            reason = _withdrawal_reason(report, missing_in_cents=missing[report.allocation])
            if reason and report.reported_at is None:
                # Refused, so the core system does not have it, and no longer wanted.
                missing[report.allocation] += report.amount_in_cents
                del refusals[report.pk]
                report.withdrawn_at = report.reversed_at = clock.now()
                report.withdrawal_reason = reason
                report.save(update_fields=["withdrawn_at", "reversed_at", "withdrawal_reason"])
            elif reason and report.withdrawn_at is None:
                report.withdrawn_at, report.withdrawal_reason = clock.now(), reason
                report.save(update_fields=["withdrawn_at", "withdrawal_reason"])
                return report
        untold = [allocation for allocation, amount_in_cents in missing.items() if amount_in_cents > 0]
        for allocation in untold:
            if not _is_left_by_others(allocation):
                return _new(payment, allocation, missing[allocation])
        if untold:
            raise outbox.RetryLater(PAUSE)
        for refusal in refusals.values():
            raise refusal
        outbox.complete()
        return None


def _standing(payment: Payment) -> list[CoreReport]:
    """What the core system has, or may have, of a payment: void money first, then the latest."""
    related = ("transaction__payment", "allocation__charge")
    reports = CoreReport.objects.filter(allocation__payment=payment, reversed_at=None).select_related(*related)
    return sorted(reports.order_by("-pk"), key=lambda report: report.transaction.status == TransactionStatus.APPROVED)


def _withdrawal_reason(report: CoreReport, *, missing_in_cents: int) -> str:
    if report.transaction.status != TransactionStatus.APPROVED:
        return report.transaction.status
    return CaseKind.CREDIT if missing_in_cents < 0 else ""


def _new(payment: Payment, allocation: Allocation, amount_in_cents: int) -> CoreReport:
    """A report of that amount, or of what the oldest transaction that is not used up can give of it."""
    told = Sum("reports__amount_in_cents", filter=Q(reports__reversed_at=None), default=0)
    approved = payment.transactions.filter(status=TransactionStatus.APPROVED).annotate(told_in_cents=told)
    source = approved.filter(told_in_cents__lt=F("amount_in_cents")).order_by("pk")[0]
    number = CoreReport.objects.filter(allocation__payment=payment).count() + 1
    return CoreReport.objects.create(
        allocation=allocation,
        transaction=source,
        reference=payment.reference if number == 1 else f"{payment.reference}-{number}",
        amount_in_cents=min(amount_in_cents, source.amount_in_cents - source.told_in_cents),
        method=source.method or payment.method["type"],
        settled_at=source.finalized_at or clock.now(),
    )


def _is_left_by_others(allocation: Allocation) -> bool:
    """Whether the core system has money of other payments on this charge that it is still to hear is gone.

    It would find nothing open there, and put the new money nowhere.
    """
    standing = Q(reports__reversed_at=None)
    gone = Q(reports__withdrawn_at__isnull=False) | ~Q(reports__transaction__status=TransactionStatus.APPROVED)
    others = Allocation.objects.filter(charge=allocation.charge_id, reports__isnull=False).exclude(pk=allocation.pk)
    told = others.annotate(
        told_in_cents=Sum("reports__amount_in_cents", filter=standing, default=0),
        gone=Count("reports", filter=standing & gone),
    )
    return told.filter(Q(told_in_cents__gt=F("settled_in_cents")) | Q(gone__gt=0)).exists()


def _told(report: CoreReport) -> PaymentReport:
    return PaymentReport(
        **_common(report),
        charge_references=[report.allocation.charge.reference],
        method=report.method,
        provider=report.transaction.provider,
        provider_transaction=str(report.transaction.provider_id),
        settled_at=report.settled_at,
    )


def _taken_back(report: CoreReport) -> ReversalReport:
    assert report.withdrawn_at is not None  # only withdrawn ones come here
    return ReversalReport(**_common(report), reason=report.withdrawal_reason, reversed_at=report.withdrawn_at)


def _common(report: CoreReport) -> dict[str, Any]:
    return {
        "reference": report.reference,
        "amount_in_cents": report.amount_in_cents,
        "currency": report.transaction.currency,
    }
