"""Post approved money and what follows from it. Part of `settle_payment`, under its lock."""

import logging
from collections.abc import Mapping

from insure_audit.public import record
from insure_common import batch, clock, outbox
from insure_payments.enums import AccountKind, EntryKind, TransactionStatus
from insure_payments.models import Charge, Payment, Receipt, Transaction
from insure_payments.services.allocate import allocate
from insure_payments.services.cases import review_credit
from insure_payments.services.post_entry import Draft, Leg, post_entry
from insure_payments.services.report_payment import request_report

logger = logging.getLogger(__name__)


def approve_transaction(payment: Payment, approved: Transaction) -> None:
    """Allocate to the charges still open, the rest to the client's credit, and post all of it.

    A second approved transaction of one payment is posted likewise, with an alert; so is another amount than asked for.
    The caller saves both.
    """
    is_first = payment.settled_at is None
    payment.settled_in_cents += approved.amount_in_cents
    # Of what was given back before, nothing pays a charge.
    parts = allocate(payment, amount_in_cents=min(approved.amount_in_cents, max(0, payment.kept_in_cents)))
    approved.status = TransactionStatus.APPROVED
    approved.finalized_at = approved.finalized_at or clock.now()
    approved.entry_id = post_entry(
        Draft(
            kind=EntryKind.PAYMENT,
            source=approved.provider,
            external_id=str(approved.provider_id),
            description=payment.reference,
            currency=approved.currency,
            legs=(
                Leg(approved.amount_in_cents, AccountKind.CLEARING),
                Leg(-approved.amount_in_cents, user_id=payment.user_id),
            ),
        )
    )
    payment.settled_at = payment.settled_at or clock.now()
    if sum(parts.values()) < approved.amount_in_cents:
        review_credit(payment)
    _record(payment, approved, parts, is_first=is_first)
    if is_first:
        receipt = Receipt(payment=payment, transaction=approved, lines=receipt_lines(parts))
        batch.insert([receipt])
        outbox.enqueue("insure_payments.tasks.render_receipt_task", payload={"receipt_id": receipt.pk})
    if parts:
        request_report([payment.pk])
    outbox.emit(
        "payment_settled",
        payload={
            "payment_id": payment.pk,
            "user_id": payment.user_id,
            "amount_in_cents": approved.amount_in_cents,
            "currency": approved.currency,
            "charge_references": [charge.reference for charge in parts],
        },
    )


def receipt_lines(parts: Mapping[Charge, int]) -> list[dict[str, object]]:
    """What a receipt says of each paid charge; the tax of a part is its share, half up to whole cents."""
    return [
        {
            "reference": charge.reference,
            "policy": charge.policy_reference,
            "concept": charge.concept,
            "amount_in_cents": part,
            "tax_in_cents": (2 * part * charge.tax_in_cents + charge.amount_in_cents) // (2 * charge.amount_in_cents),
        }
        for charge, part in parts.items()
    ]


def _record(payment: Payment, approved: Transaction, parts: Mapping[Charge, int], *, is_first: bool) -> None:
    actions = ["payments.payment_settled"]
    if not is_first:
        actions.append("payments.payment_approved_twice")
    elif approved.amount_in_cents != payment.amount_in_cents:
        actions.append("payments.amount_differed")
    metadata = {
        "provider": approved.provider,
        "provider_id": approved.provider_id,
        "requested_in_cents": payment.amount_in_cents,
        "approved_in_cents": approved.amount_in_cents,
        "credit_in_cents": approved.amount_in_cents - sum(parts.values()),
    }
    for action in actions:
        record(action, target_type="insure_payments.payment", target_id=payment.pk, metadata=metadata)
    for alert in actions[1:]:
        logger.error(alert, extra={"payment": str(payment.pk), **metadata})
