"""Put settled money on charges, and take it off again. Charges are locked in the order of their ids."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from insure_common import clock
from insure_payments.enums import ChargeStatus
from insure_payments.models import Allocation, Charge, Payment


def allocate(payment: Payment, *, amount_in_cents: int) -> dict[Charge, int]:
    """Pay what is still open of a locked payment's charges, the earliest due first.

    Returns what went to which charge; what is left of the amount is credit.
    """
    allocations = _lock_allocations(payment)
    parts: dict[Charge, int] = {}
    left = amount_in_cents
    for allocation in allocations:
        if part := min(left, allocation.charge.outstanding_in_cents):
            allocation.settled_in_cents += part
            parts[allocation.charge] = part
            left -= part
    _save(allocations)
    return parts


def release(payment: Payment, *, keep_in_cents: int) -> None:
    """Reopen a locked payment's charges, the latest due first, until `keep_in_cents` at most is allocated."""
    allocations = _lock_allocations(payment)
    surplus = sum(allocation.settled_in_cents for allocation in allocations) - keep_in_cents
    for allocation in reversed(allocations):
        part = max(0, min(surplus, allocation.settled_in_cents))
        allocation.settled_in_cents -= part
        surplus -= part
    _save(allocations)


def trim_allocations(charge: Charge) -> None:
    """Take off a locked charge what it can no longer hold, the latest payment first; that money becomes credit."""
    room = 0 if charge.status == ChargeStatus.VOID else max(0, charge.amount_in_cents - charge.external_paid_in_cents)
    for allocation in charge.allocations.filter(settled_in_cents__gt=0).order_by("payment_id"):
        kept = min(room, allocation.settled_in_cents)
        room -= kept
        if kept < allocation.settled_in_cents:
            allocation.settled_in_cents = kept
            allocation.save(update_fields=["settled_in_cents"])


def derive_paid(charges: Iterable[Charge]) -> None:
    """Set `paid_in_cents` and the status of locked charges from their allocations and what was paid elsewhere.

    The caller saves the charges.
    """
    charges = list(charges)
    allocated: dict[Any, int] = defaultdict(int)
    parts = Allocation.objects.filter(charge__in=charges, settled_in_cents__gt=0)
    for charge_id, amount_in_cents in parts.values_list("charge_id", "settled_in_cents"):
        allocated[charge_id] += amount_in_cents
    for charge in charges:
        charge.updated_at = clock.now()
        if charge.status == ChargeStatus.VOID:
            charge.paid_in_cents = 0
            continue
        paid_in_cents = charge.external_paid_in_cents + allocated[charge.pk]
        charge.paid_in_cents = min(charge.amount_in_cents, paid_in_cents)
        charge.status = ChargeStatus.of(amount_in_cents=charge.amount_in_cents, paid_in_cents=charge.paid_in_cents)


def _lock_allocations(payment: Payment) -> list[Allocation]:
    """The payment's allocations, the earliest due first, read under the locks of their charges."""
    ids = payment.allocations.values("charge_id")
    charges = {
        charge.pk: charge for charge in Charge.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    }
    allocations = list(payment.allocations.all())
    for allocation in allocations:
        allocation.charge = charges[allocation.charge_id]
    return sorted(allocations, key=lambda allocation: (allocation.charge.due_date, allocation.charge_id))


def _save(allocations: list[Allocation]) -> None:
    Allocation.objects.bulk_update(allocations, ["settled_in_cents"])
    charges = [allocation.charge for allocation in allocations]
    derive_paid(charges)
    Charge.objects.bulk_update(charges, ["paid_in_cents", "status", "updated_at"])
