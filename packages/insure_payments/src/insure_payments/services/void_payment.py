"""Void a card payment: an operator asks for it, a worker asks the provider, and what the provider then says counts."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404

from insure_audit.public import record
from insure_common import clock, outbox
from insure_common.database import retried
from insure_payments.enums import CaseKind, CaseOutcome, PaymentMethod
from insure_payments.errors import VoidNotPossible, VoidUnderWay
from insure_payments.gateways.base import Gateway, GatewayRefused, GatewayUnavailable, gateway
from insure_payments.models import Case, Payment
from insure_payments.permissions import VOID_ANY_PAYMENT
from insure_payments.services.operator_rights import check_operator
from insure_payments.services.resolve_payment import approved_transaction
from insure_payments.services.settle_payment import settle_payment

logger = logging.getLogger(__name__)

PATIENCE = timedelta(hours=1)
"""How long a provider that says neither yes nor no is asked what became of it."""
SHORTEST_PAUSE = timedelta(seconds=2)


@retried
def void_payment(*, actor: Any, payment_id: UUID, reason: str, transaction_id: str = "") -> Payment:
    """Let the provider take back an approved card payment; a worker asks it, and its answer posts the reversal.

    `transaction_id` is the provider's, needed where several were approved. Raises Http404, ValidationError without a
    reason, PermissionDenied, VoidNotPossible, NothingApproved, SeveralTransactions, VoidUnderWay.
    """
    check_operator(actor, permission=VOID_ANY_PAYMENT, reason=reason)
    with transaction.atomic():
        payment = get_object_or_404(Payment.objects.select_for_update(no_key=True), pk=payment_id)
        approved = approved_transaction(payment, transaction_id)
        if PaymentMethod.CARD not in (payment.method["type"], approved.method):
            raise VoidNotPossible
        if approved.cases.filter(kind=CaseKind.VOID, closed_at=None).exists():
            raise VoidUnderWay
        case = Case.objects.create(
            kind=CaseKind.VOID,
            payment=payment,
            transaction=approved,
            provider_id=approved.provider_id or "",
            amount_in_cents=approved.amount_in_cents,
            currency=approved.currency,
            actor=actor,
            reason=reason,
        )
        record(
            "payments.void_requested",
            actor=actor,
            target_type="insure_payments.payment",
            target_id=payment.pk,
            metadata={"case": str(case.pk), "provider_id": case.provider_id, "reason": reason},
        )
        outbox.enqueue(
            "insure_payments.tasks.void_payment_task",
            payload={"case_id": case.pk},
            priority=outbox.Priority.URGENT,
        )
        return payment


def ask_to_void(*, case_id: UUID) -> None:
    """Ask the provider to void, once, and then what became of it, until it is voided or PATIENCE is over.

    The wish is noted before it is sent: after a lost answer, or a worker's death, only questions follow. Should the
    transaction turn VOIDED later after all, its event still posts the reversal. Raises RetryLater.
    """
    case = Case.objects.select_related("payment", "transaction").get(pk=case_id)
    if case.closed_at is not None:
        return
    provider = gateway(case.payment.provider)
    is_over = _is_refused(provider, case) if case.asked_at is None else _is_voided(provider, case)
    if is_over:
        return
    if case.asked_at is not None and clock.now() >= case.opened_at + PATIENCE:
        _refuse(case, "")
        return
    raise outbox.RetryLater(max(SHORTEST_PAUSE, (clock.now() - case.opened_at) / 4))


def _is_refused(provider: Gateway, case: Case) -> bool:
    """Send the wish; one that certainly did not leave is sent again, for a while."""
    Case.objects.filter(pk=case.pk).update(asked_at=clock.now())
    try:
        provider.void(case.provider_id)
    except GatewayRefused as refusal:
        _refuse(case, str(refusal))
        return True
    except GatewayUnavailable as failure:
        logger.warning("no answer to a void", extra={"payment": str(case.payment_id)}, exc_info=failure)
        if not failure.sent and clock.now() < case.opened_at + PATIENCE:
            Case.objects.filter(pk=case.pk).update(asked_at=None)
    return False


def _is_voided(provider: Gateway, case: Case) -> bool:
    try:
        reported = provider.fetch(case.provider_id)
    except (GatewayRefused, GatewayUnavailable) as failure:
        logger.warning("provider did not tell", extra={"payment": str(case.payment_id)}, exc_info=failure)
        return False
    with transaction.atomic():
        settle_payment(payment_id=case.payment_id, reported=reported, asked_id=case.provider_id)
        case.refresh_from_db()
        if case.closed_at is not None:
            outbox.complete()
    return case.closed_at is not None


def _refuse(case: Case, note: str) -> None:
    """`note` is the provider's own word; without one it never said what became of it."""
    with transaction.atomic():
        Payment.objects.select_for_update(no_key=True).get(pk=case.payment_id)
        is_open = Case.objects.filter(pk=case.pk, closed_at=None)
        if is_open.update(closed_at=clock.now(), outcome=CaseOutcome.REFUSED, note=note[:500]):
            logger.error("void refused", extra={"payment": str(case.payment_id), "provider_says": note})
            record(
                "payments.void_refused",
                target_type="insure_payments.payment",
                target_id=case.payment_id,
                metadata={"case": str(case.pk), "provider_says": note},
            )
        outbox.complete()
