"""Put settled money on charges, and take it off again. Charges are locked in the order of their ids."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q

from insure_common import batch, clock
from insure_common.database import read, read_joined
from insure_payments.enums import ChargeStatus
from insure_payments.models import Allocation, Charge, ChargeHold, Payment

UNPAID = (ChargeStatus.OPEN, ChargeStatus.PARTIALLY_PAID)
PAID = ("paid_in_cents", "status", "updated_at")


# While a payment is locked nobody adds to its allocations; what is taken off them is so under the lock of their charge.
LOCK_OWN = """
SELECT {columns} FROM insure_payments_charge
JOIN insure_payments_allocation ON insure_payments_allocation.charge_id = insure_payments_charge.id
WHERE insure_payments_allocation.payment_id = %s
ORDER BY insure_payments_charge.id FOR NO KEY UPDATE
"""


def allocate(payment: Payment, *, amount_in_cents: int) -> dict[Charge, int]:
    """Pay what is still open of a locked payment's charges, the earliest due first.

    Returns what went to which charge; what is left of the amount is credit.
    """
    rows: list[tuple[Charge, Allocation]] = read_joined((Charge, Allocation), LOCK_OWN, [payment.pk])
    parts: dict[Charge, int] = {}
    left = amount_in_cents
    for charge, allocation in sorted(rows, key=lambda row: (row[0].due_date, row[0].pk)):
        if part := min(left, charge.outstanding_in_cents):
            allocation.settled_in_cents += part
            batch.update([allocation], ["settled_in_cents"])
            _set_paid(charge, charge.paid_in_cents + part)
            parts[charge] = part
            left -= part
    batch.update(parts, PAID)
    return parts


LOCK_CHARGES = """
SELECT {columns} FROM insure_payments_charge
WHERE id IN (SELECT charge_id FROM insure_payments_allocation WHERE payment_id = %s)
ORDER BY id FOR NO KEY UPDATE
"""
FIND_ALLOCATIONS = """
SELECT {columns} FROM insure_payments_allocation
WHERE charge_id IN (SELECT charge_id FROM insure_payments_allocation WHERE payment_id = %s)
AND (payment_id = %s OR settled_in_cents > 0)
"""


def release(payment: Payment, *, keep_in_cents: int) -> None:
    """Reopen a locked payment's charges, the latest due first, until `keep_in_cents` at most is allocated."""
    charges = {charge.pk: charge for charge in read(Charge, LOCK_CHARGES, [payment.pk])}
    # Read under the locks of the charges: what others put on them counts as well.
    allocations = read(Allocation, FIND_ALLOCATIONS, [payment.pk, payment.pk])
    own = [allocation for allocation in allocations if allocation.payment_id == payment.pk]
    surplus = sum(allocation.settled_in_cents for allocation in own) - keep_in_cents
    latest_first = sorted(own, key=lambda each: (charges[each.charge_id].due_date, each.charge_id), reverse=True)
    for allocation in latest_first:
        part = max(0, min(surplus, allocation.settled_in_cents))
        allocation.settled_in_cents -= part
        surplus -= part
    _derive_paid(charges.values(), allocations)
    batch.update(own, ["settled_in_cents"])
    batch.update(charges.values(), PAID)


def lock_charges(payment: Payment) -> list[Charge]:
    """Lock what a locked payment has money on and what else its client owes, so that nobody moves either."""
    own = payment.allocations.values("charge_id")
    owed = Q(user_id=payment.user_id, currency=payment.currency, status__in=UNPAID)
    return list(Charge.objects.filter(owed | Q(pk__in=own)).order_by("pk").select_for_update(no_key=True))


def allocate_credit(payment: Payment, *, amount_in_cents: int) -> dict[Charge, int]:
    """Pay what the client of a locked payment owes, the earliest due first; returns what went to which charge.

    What a payment under way keeps is left alone.
    """
    charges = lock_charges(payment)
    kept = ChargeHold.objects.filter(charge__in=charges, expires_at__gt=clock.now())
    kept_ids = set(kept.values_list("charge_id", flat=True))
    allocations = {allocation.charge_id: allocation for allocation in payment.allocations.all()}
    parts: dict[Charge, int] = {}
    left = amount_in_cents
    for charge in sorted(charges, key=lambda charge: (charge.due_date, charge.pk)):
        part = 0 if charge.pk in kept_ids else min(left, charge.outstanding_in_cents)
        if not part:
            continue
        allocation = allocations.get(charge.pk) or Allocation(payment=payment, charge=charge, requested_in_cents=part)
        allocation.settled_in_cents += part
        allocation.save()
        parts[charge] = part
        left -= part
    derive_paid(parts)
    Charge.objects.bulk_update(parts, PAID)
    return parts


def trim_allocations(charge: Charge) -> list[tuple[UUID, str]]:
    """Take off a locked charge what it can no longer hold, the latest payment first; that money becomes credit.

    Returns the ids of these payments with their currency, for `open_credit_cases`.
    """
    trimmed = []
    room = 0 if charge.status == ChargeStatus.VOID else max(0, charge.amount_in_cents - charge.external_paid_in_cents)
    for allocation in charge.allocations.filter(settled_in_cents__gt=0).order_by("payment_id"):
        kept = min(room, allocation.settled_in_cents)
        room -= kept
        if kept < allocation.settled_in_cents:
            allocation.settled_in_cents = kept
            allocation.save(update_fields=["settled_in_cents"])
            trimmed.append((allocation.payment_id, charge.currency))
    return trimmed


def derive_paid(charges: Iterable[Charge]) -> None:
    """Set `paid_in_cents` and the status of locked charges from their allocations and what was paid elsewhere.

    The caller saves the charges.
    """
    charges = list(charges)
    _derive_paid(charges, Allocation.objects.filter(charge__in=charges, settled_in_cents__gt=0))


def _derive_paid(charges: Iterable[Charge], allocations: Iterable[Allocation]) -> None:
    allocated: dict[Any, int] = defaultdict(int)
    for allocation in allocations:
        allocated[allocation.charge_id] += allocation.settled_in_cents
    for charge in charges:
        if charge.status == ChargeStatus.VOID:
            charge.paid_in_cents, charge.updated_at = 0, clock.now()
        else:
            _set_paid(charge, charge.external_paid_in_cents + allocated[charge.pk])


def _set_paid(charge: Charge, paid_in_cents: int) -> None:
    charge.paid_in_cents = min(charge.amount_in_cents, paid_in_cents)
    charge.status = ChargeStatus.of(amount_in_cents=charge.amount_in_cents, paid_in_cents=charge.paid_in_cents)
    charge.updated_at = clock.now()
