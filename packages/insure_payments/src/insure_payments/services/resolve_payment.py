"""What operators decide about payments that the system cannot settle by itself."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404

from insure_common import batch
from insure_common.database import retried
from insure_payments.enums import (
    OPERATOR_CASES,
    TRANSACTION_TRANSITIONS,
    AccountKind,
    CaseKind,
    CaseOutcome,
    EntryKind,
    TransactionStatus,
)
from insure_payments.errors import (
    CannotApply,
    NothingApproved,
    NothingOwed,
    NothingToResolve,
    SeveralTransactions,
)
from insure_payments.models import Case, Payment, Transaction
from insure_payments.permissions import RESOLVE_ANY_PAYMENT
from insure_payments.services.allocate import allocate_credit, lock_charges
from insure_payments.services.approve_transaction import approve_transaction
from insure_payments.services.cases import credit_of, decide, review_credit
from insure_payments.services.operator_rights import check_operator
from insure_payments.services.payment_state import derive_state
from insure_payments.services.post_entry import Draft, Leg, post_entry
from insure_payments.services.report_payment import request_report
from insure_payments.services.void_transaction import void_transaction

APPLICABLE_MISMATCH = "reference"
"""Money that differs in anything else is not the client's, or not in the account's currency."""


@retried
def resolve_payment(
    *, actor: Any, payment_id: UUID, outcome: CaseOutcome, reason: str, transaction_id: str = ""
) -> Payment:
    """Close what is open about a payment: its credit, its quarantined transactions, or a return made at the bank.

    APPLY puts credit on what else the client owes, and a quarantined transaction on the client's account. RETURNED
    records that the money was given back outside: credit is posted as a refund, an approved transaction is reversed.
    `transaction_id` is the provider's, and narrows it down to that transaction.

    Raises Http404, ValidationError without a reason, PermissionDenied; NothingToResolve, NothingOwed, CannotApply,
    SeveralTransactions and then changes nothing.
    """
    check_operator(actor, permission=RESOLVE_ANY_PAYMENT, reason=reason)
    with transaction.atomic():
        payment = get_object_or_404(Payment.objects.select_for_update(no_key=True), pk=payment_id)
        lock_charges(payment)
        cases = list(_open_cases(payment, transaction_id))
        if cases:
            _resolve(payment, cases, outcome, actor=actor, reason=reason)
        elif outcome == CaseOutcome.RETURNED:
            _return(payment, returned_transaction(payment, transaction_id), actor=actor, reason=reason)
        else:
            raise NothingToResolve
        derive_state(payment)
        payment.save()
        return payment


def returned_transaction(payment: Payment, transaction_id: str) -> Transaction:
    """The transaction that the bank has returned. Raises NothingToResolve, SeveralTransactions.

    A second operator who records the same return of a credit must not take back the whole payment: once there was a
    case the transaction must be named.
    """
    if transaction_id:
        return approved_transaction(payment, transaction_id)
    if not payment.transactions.filter(status=TransactionStatus.APPROVED).exists():
        raise NothingToResolve
    if payment.cases.exclude(kind=CaseKind.VOID).exists():
        raise SeveralTransactions
    return approved_transaction(payment, "")


def approved_transaction(payment: Payment, transaction_id: str) -> Transaction:
    """The approved transaction of a locked payment: the named one, or the only one.

    Raises NothingApproved, SeveralTransactions.
    """
    approved = payment.transactions.filter(status=TransactionStatus.APPROVED)
    if transaction_id:
        approved = approved.filter(provider_id=transaction_id)
    found = list(approved[:2])
    if not found:
        raise NothingApproved
    if len(found) > 1:
        raise SeveralTransactions
    return found[0]


def _open_cases(payment: Payment, transaction_id: str) -> Any:
    cases = payment.cases.filter(kind__in=OPERATOR_CASES, closed_at=None).order_by("pk")
    return cases.filter(kind=CaseKind.QUARANTINE, provider_id=transaction_id) if transaction_id else cases


def _resolve(payment: Payment, cases: list[Case], outcome: CaseOutcome, *, actor: Any, reason: str) -> None:
    """Close all that can end so; refused if none can."""
    refusals = []
    for case in cases:
        effect = EFFECTS[CaseKind(case.kind), outcome]
        try:
            effect(payment, case)
        except (CannotApply, NothingOwed, NothingToResolve) as refusal:
            refusals.append(refusal)
        else:
            decide(case, outcome, actor=actor, reason=reason)
    review_credit(payment)
    if len(refusals) == len(cases):
        raise refusals[0]


def _apply_credit(payment: Payment, case: Case) -> None:
    parts = allocate_credit(payment, amount_in_cents=credit_of(payment))
    if not parts:
        raise NothingOwed
    case.amount_in_cents = sum(parts.values())
    request_report([payment.pk])


def _return_credit(payment: Payment, case: Case) -> None:
    case.amount_in_cents = credit_of(payment)
    if not case.amount_in_cents:
        raise NothingToResolve
    payment.refunded_in_cents += case.amount_in_cents
    post_entry(
        Draft(
            kind=EntryKind.REFUND,
            source="OPERATOR",
            external_id=str(case.pk),
            description=payment.reference,
            currency=payment.currency,
            legs=(
                Leg(case.amount_in_cents, user_id=payment.user_id),
                Leg(-case.amount_in_cents, AccountKind.REFUNDS),
            ),
        )
    )


def _apply_quarantined(payment: Payment, case: Case) -> None:
    known = Transaction.objects.filter(provider=payment.provider, provider_id=case.provider_id).first()
    attempt = known or Transaction(payment=payment, provider=payment.provider, provider_id=case.provider_id)
    if attempt.payment_id == payment.pk and attempt.status == TransactionStatus.APPROVED:
        return  # posted already, and rightly so
    if (
        case.mismatch != APPLICABLE_MISMATCH
        or case.reported_status != TransactionStatus.APPROVED
        or attempt.payment_id != payment.pk
        or TransactionStatus.APPROVED not in TRANSACTION_TRANSITIONS[TransactionStatus(attempt.status)]
    ):
        raise CannotApply
    attempt.amount_in_cents, attempt.currency = case.amount_in_cents or 0, case.currency
    attempt.mismatch = ""
    case.transaction = attempt
    approve_transaction(payment, attempt)
    batch.save(attempt)


def _return_quarantined(payment: Payment, case: Case) -> None:
    """Nothing was posted of it, unless the provider contradicted itself."""
    if case.transaction and case.transaction.status == TransactionStatus.APPROVED:
        void_transaction(payment, case.transaction)
        case.transaction.save()


EFFECTS = {
    (CaseKind.CREDIT, CaseOutcome.APPLY): _apply_credit,
    (CaseKind.CREDIT, CaseOutcome.RETURNED): _return_credit,
    (CaseKind.QUARANTINE, CaseOutcome.APPLY): _apply_quarantined,
    (CaseKind.QUARANTINE, CaseOutcome.RETURNED): _return_quarantined,
}


def _return(payment: Payment, returned: Transaction, *, actor: Any, reason: str) -> None:
    void_transaction(payment, returned)
    returned.save()
    case = Case(
        kind=CaseKind.RETURN,
        payment=payment,
        transaction=returned,
        provider_id=returned.provider_id or "",
        amount_in_cents=returned.amount_in_cents,
        currency=returned.currency,
    )
    decide(case, CaseOutcome.RETURNED, actor=actor, reason=reason)
