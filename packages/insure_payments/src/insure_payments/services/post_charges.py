"""Bring charges onto the accounts of their holders."""

from collections.abc import Iterable

from insure_payments.enums import AccountKind, ChargeStatus, EntryKind
from insure_payments.models import Charge
from insure_payments.services.post_entry import Draft, Leg, post_entries


def post_charges(charges: Iterable[Charge]) -> None:
    """Post what is owed, and what was paid elsewhere, for charges whose holder has just become a known user.

    What is void before it was posted never is. The caller holds the charges' locks and saves them: `entry` and
    `revision` change.
    """
    due = [
        charge
        for charge in charges
        if charge.user_id is not None and charge.entry_id is None and charge.status != ChargeStatus.VOID
    ]
    paid_elsewhere = [charge for charge in due if charge.external_paid_in_cents]
    drafts = [charge_draft(charge) for charge in due]
    drafts += [external_payment_draft(charge, charge.external_paid_in_cents) for charge in paid_elsewhere]
    # The charges' entries come first, in their order.
    for charge, entry_id in zip(due, post_entries(drafts), strict=False):
        charge.entry_id = entry_id


def charge_draft(charge: Charge) -> Draft:
    """Debit the client, credit premium and tax."""
    net_in_cents = charge.amount_in_cents - charge.tax_in_cents
    return Draft(
        kind=EntryKind.CHARGE,
        source=charge.system,
        external_id=next_external_id(charge),
        description=charge.concept,
        currency=charge.currency,
        legs=(
            Leg(charge.amount_in_cents, user_id=charge.user_id),
            Leg(-net_in_cents, AccountKind.PREMIUM),
            Leg(-charge.tax_in_cents, AccountKind.TAX),
        ),
    )


def external_payment_draft(charge: Charge, amount_in_cents: int) -> Draft:
    """Credit the client with what was paid elsewhere; a negative amount takes back what turned out not to be paid."""
    return Draft(
        kind=EntryKind.EXTERNAL_PAYMENT,
        source=charge.system,
        external_id=next_external_id(charge),
        description=charge.concept,
        currency=charge.currency,
        legs=(Leg(amount_in_cents, AccountKind.EXTERNAL), Leg(-amount_in_cents, user_id=charge.user_id)),
    )


def next_external_id(charge: Charge) -> str:
    """Number the postings of a charge under its lock: the same charge may be changed more than once."""
    charge.revision += 1
    return f"{charge.reference}:{charge.revision}"
