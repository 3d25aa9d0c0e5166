"""Open and close what needs a decision about a payment. Callers hold the payment's lock unless said otherwise."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Sum

from insure_audit.public import record
from insure_common import batch, clock
from insure_payments.enums import CaseKind, CaseOutcome
from insure_payments.gateways.base import GatewayTransaction
from insure_payments.models import Allocation, Case, Payment, Transaction

logger = logging.getLogger(__name__)


def credit_of(payment: Payment) -> int:
    """What of a payment's money is on no charge, read under the locks of its charges."""
    batch.flush(Allocation)
    allocated = Allocation.objects.filter(payment=payment).aggregate(total=Sum("settled_in_cents"))["total"] or 0
    return max(0, payment.kept_in_cents - int(allocated))


def open_credit_cases(payments: Iterable[tuple[UUID, str]]) -> None:
    """Ask an operator what to do with the money of payments (id, currency) that is on no charge any more.

    The caller holds the lock of a charge of each, which is enough: whoever closes a case holds all of them.
    """
    Case.objects.bulk_create(
        # In one order everywhere, or two callers could lock each other out.
        [Case(kind=CaseKind.CREDIT, payment_id=pk, currency=currency) for pk, currency in sorted(set(payments))],
        ignore_conflicts=True,
    )


def review_credit(payment: Payment) -> None:
    """Open or close the credit case of a payment by what is on no charge. The locks of its charges are held too."""
    if credit_of(payment):
        open_credit_cases([(payment.pk, payment.currency)])
    else:
        _make_obsolete(payment, kind=CaseKind.CREDIT)


def quarantine(payment: Payment, reported: GatewayTransaction, *, asked_id: str | None, mismatch: str) -> None:
    """Set a transaction that does not belong to the payment aside for an operator, with an alert; the same once."""
    provider_id = (asked_id or reported.provider_id)[:100]
    own = payment.transactions.filter(provider_id=provider_id)
    # A transaction whose money is posted stays what it is.
    own.filter(entry=None).update(mismatch=mismatch)
    about = {"kind": CaseKind.QUARANTINE, "provider_id": provider_id}
    if payment.cases.filter(mismatch=mismatch, reported_status=reported.status, **about).exists():
        return
    case = payment.cases.filter(closed_at=None, **about).first() or Case(payment=payment, **about)
    case.transaction = own.first()
    case.mismatch = mismatch
    case.reported_status = reported.status
    case.amount_in_cents = reported.amount_in_cents
    case.currency = reported.currency[:20]
    case.save()
    details = {"mismatch": mismatch, "provider_id": reported.provider_id, "status": str(reported.status)}
    logger.error("payment transaction quarantined", extra={"payment": str(payment.pk), **details})
    record(
        "payments.transaction_quarantined",
        target_type="insure_payments.payment",
        target_id=payment.pk,
        metadata=details,
    )


def end_quarantine(payment: Payment, *, provider_id: str) -> None:
    """The provider has told the truth about a transaction after all."""
    _make_obsolete(payment, kind=CaseKind.QUARANTINE, provider_id=provider_id)


def end_void(payment: Payment, voided: Transaction) -> None:
    """The transaction that somebody asked to void is no more."""
    _open(payment, kind=CaseKind.VOID, transaction=voided).update(closed_at=clock.now(), outcome=CaseOutcome.VOIDED)


def decide(case: Case, outcome: CaseOutcome, *, actor: Any, reason: str) -> None:
    """Close a case as an operator has decided, and record it."""
    case.outcome, case.closed_at = outcome, clock.now()
    case.actor, case.reason = actor, reason
    case.save()
    record(
        "payments.case_resolved",
        actor=actor,
        target_type="insure_payments.payment",
        target_id=case.payment_id,
        metadata={
            "case": str(case.pk),
            "kind": case.kind,
            "outcome": str(outcome),
            "amount_in_cents": case.amount_in_cents,
            "reason": reason,
        },
    )


def _make_obsolete(payment: Payment, **of: Any) -> None:
    _open(payment, **of).update(closed_at=clock.now(), outcome=CaseOutcome.OBSOLETE)


def _open(payment: Payment, **of: Any) -> Any:
    return Case.objects.filter(payment=payment, closed_at=None, **of)
