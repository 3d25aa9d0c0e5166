"""Bring the core system's charges into ours: new ones, changed ones, what was paid elsewhere, what was cancelled."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, Sum

from insure_audit.public import record
from insure_common.database import retried
from insure_integrations.public import CoreCharge, CoreChargeStatus, PageResult, link_holders
from insure_payments.enums import ChargeStatus, EntryKind
from insure_payments.models import Allocation, Charge
from insure_payments.services.allocate import derive_paid, trim_allocations
from insure_payments.services.cases import open_credit_cases
from insure_payments.services.post_charges import (
    charge_draft,
    external_payment_draft,
    next_external_id,
    post_charges,
)
from insure_payments.services.post_entry import Draft, post_entries, reversal_of
from insure_payments.services.report_payment import request_report

CLOCK_SKEW = timedelta(minutes=1)
"""How far the core system's clock may run before ours."""

SAVED_FIELDS = (
    "user",
    "policy_reference",
    "concept",
    "due_date",
    "amount_in_cents",
    "tax_in_cents",
    "external_paid_in_cents",
    "paid_in_cents",
    "status",
    "entry",
    "revision",
    "updated_at",
)


@dataclass(frozen=True, slots=True)
class _Settled:
    """A part of one of our payments; `reported_at` is None until the core system has confirmed all of it."""

    amount_in_cents: int
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Change:
    """A known charge as it becomes, and what it was."""

    charge: Charge
    old_amount_in_cents: int
    old_tax_in_cents: int
    old_external_in_cents: int
    was_void: bool

    @property
    def is_voided(self) -> bool:
        return self.charge.status == ChargeStatus.VOID and not self.was_void

    @property
    def is_repriced(self) -> bool:
        price = (self.charge.amount_in_cents, self.charge.tax_in_cents)
        return price != (self.old_amount_in_cents, self.old_tax_in_cents)

    @property
    def external_delta_in_cents(self) -> int:
        return self.charge.external_paid_in_cents - self.old_external_in_cents

    @property
    def moves_money(self) -> bool:
        return self.is_voided or self.is_repriced or bool(self.external_delta_in_cents)


@retried
def apply_charges(*, system: str, rows: Sequence[CoreCharge]) -> PageResult:
    """Upsert rows, each reference once, by (system, reference), in one transaction; what is no news is not written.

    A change of what is owed is posted as a reversal and a new charge, a cancellation as a reversal, and what was paid
    elsewhere as an external payment. A row that cannot be applied is refused with its reason, and the others go on.
    """
    with transaction.atomic():
        users = link_holders(system=system, holders=[row.holder for row in rows])
        known = _lock_known(system, rows)
        settled = _settled_by_us(known.values())
        created: list[Charge] = []
        changes: list[_Change] = []
        refused: list[tuple[str, str]] = []
        for row in rows:
            charge = known.get(row.reference)
            if reason := _refusal(row, charge):
                refused.append((row.reference, reason))
            elif charge is None:
                created.append(_new(system, row, users))
            elif change := _changed(charge, row, users, settled.get(charge.pk, [])):
                changes.append(change)
        _insert(created)
        _update(changes)
    return PageResult(
        created=len(created),
        updated=len(changes),
        unchanged=len(rows) - len(created) - len(changes) - len(refused),
        refused=refused,
    )


def _lock_known(system: str, rows: Iterable[CoreCharge]) -> dict[str, Charge]:
    known = Charge.objects.filter(system=system, reference__in=[row.reference for row in rows]).order_by("pk")
    return {charge.reference: charge for charge in known.select_for_update(no_key=True)}


def _settled_by_us(charges: Iterable[Charge]) -> Mapping[Any, list[_Settled]]:
    """What our own payments have put on each charge, and what the core system may still have of what they took off."""
    settled: dict[Any, list[_Settled]] = defaultdict(list)
    standing = Q(reports__reversed_at=None)
    held = standing & Q(reports__reported_at__isnull=False, reports__withdrawn_at=None)
    parts = (
        Allocation.objects.filter(charge__in=list(charges))
        .annotate(
            told_in_cents=Sum("reports__amount_in_cents", filter=standing, default=0),
            held_in_cents=Sum("reports__amount_in_cents", filter=held, default=0),
            last_reported_at=Max("reports__reported_at", filter=held),
        )
        .values_list("charge_id", "settled_in_cents", "told_in_cents", "held_in_cents", "last_reported_at")
    )
    for charge_id, settled_in_cents, told_in_cents, held_in_cents, reported_at in parts:
        if part := max(settled_in_cents, told_in_cents):
            settled[charge_id].append(_Settled(part, reported_at if held_in_cents == part else None))
    return settled


def _refusal(row: CoreCharge, charge: Charge | None) -> str:
    if row.amount_in_cents == 0:
        return "nothing is owed"
    if row.paid_in_cents > row.amount_in_cents:
        return "more is paid than owed"
    if charge is None:
        return ""
    if charge.holder_reference != row.holder.reference:
        return "belongs to another holder"
    if charge.currency != row.currency:
        return "is in another currency"
    if charge.status == ChargeStatus.VOID and row.status != CoreChargeStatus.VOID:
        return "was void before"
    return ""


def _new(system: str, row: CoreCharge, users: Mapping[str, Any]) -> Charge:
    is_void = row.status == CoreChargeStatus.VOID
    paid_in_cents = 0 if is_void else row.paid_in_cents
    return Charge(
        system=system,
        reference=row.reference,
        holder_reference=row.holder.reference,
        user_id=users.get(row.holder.reference),
        policy_reference=row.policy_reference or "",
        concept=row.concept,
        due_date=row.due_date,
        amount_in_cents=row.amount_in_cents,
        tax_in_cents=row.tax_in_cents,
        currency=row.currency,
        external_paid_in_cents=row.paid_in_cents,
        paid_in_cents=paid_in_cents,
        status=ChargeStatus.VOID
        if is_void
        else ChargeStatus.of(amount_in_cents=row.amount_in_cents, paid_in_cents=paid_in_cents),
    )


def _changed(charge: Charge, row: CoreCharge, users: Mapping[str, Any], settled: list[_Settled]) -> _Change | None:
    """Bring a charge to what the row says; None if that is no news."""
    wanted = {
        "user_id": charge.user_id or users.get(row.holder.reference),
        "policy_reference": row.policy_reference or "",
        "concept": row.concept,
        "due_date": row.due_date,
        "amount_in_cents": row.amount_in_cents,
        "tax_in_cents": row.tax_in_cents,
        "external_paid_in_cents": _paid_elsewhere(charge, row, settled),
        "status": ChargeStatus.VOID if row.status == CoreChargeStatus.VOID else charge.status,
    }
    if all(getattr(charge, name) == value for name, value in wanted.items()):
        return None
    change = _Change(
        charge=charge,
        old_amount_in_cents=charge.amount_in_cents,
        old_tax_in_cents=charge.tax_in_cents,
        old_external_in_cents=charge.external_paid_in_cents,
        was_void=charge.status == ChargeStatus.VOID,
    )
    for name, value in wanted.items():
        setattr(charge, name, value)
    return change


def _paid_elsewhere(charge: Charge, row: CoreCharge, settled: list[_Settled]) -> int:
    """What of the row's `paid` did not come through us.

    The figure holds what the core system confirmed before the row changed, and may or may not hold our payments whose
    report is on its way. Of all the values that are possible the one nearest to what is known counts, so that no
    payment of ours is ever taken for a second one.
    """
    confirmed_before = row.updated_at - CLOCK_SKEW
    ours = sum(part.amount_in_cents for part in settled)
    surely_held = sum(
        part.amount_in_cents for part in settled if part.reported_at and part.reported_at < confirmed_before
    )
    at_least = max(0, row.paid_in_cents - ours)
    at_most = max(0, row.paid_in_cents - surely_held)
    return min(max(charge.external_paid_in_cents, at_least), at_most)


def _insert(charges: list[Charge]) -> None:
    post_charges(charges)
    Charge.objects.bulk_create(charges)


def _update(changes: list[_Change]) -> None:
    trimmed = [payment for change in changes if change.moves_money for payment in trim_allocations(change.charge)]
    open_credit_cases(trimmed)
    request_report({payment_id for payment_id, _ in trimmed})
    charges = [change.charge for change in changes]
    derive_paid(charges)
    posted = [change for change in changes if change.charge.entry_id is not None and change.moves_money]
    drafts: list[tuple[Charge, Draft]] = []
    for change in posted:
        drafts += [(change.charge, draft) for draft in _drafts(change)]
        _record(change)
    for (charge, draft), entry_id in zip(drafts, post_entries([draft for _, draft in drafts]), strict=True):
        if draft.kind == EntryKind.CHARGE:
            charge.entry_id = entry_id
    post_charges(charges)
    Charge.objects.bulk_update(charges, SAVED_FIELDS)


def _drafts(change: _Change) -> list[Draft]:
    """The postings that bring a posted charge from what it was to what it is."""
    charge, drafts = change.charge, []
    assert charge.entry is not None  # only posted charges come here
    if change.is_voided or (change.is_repriced and not change.was_void):
        drafts.append(reversal_of(charge.entry, source=charge.system, external_id=next_external_id(charge)))
    if change.is_repriced and charge.status != ChargeStatus.VOID:
        drafts.append(charge_draft(charge))
    if change.external_delta_in_cents:
        drafts.append(external_payment_draft(charge, change.external_delta_in_cents))
    return drafts


def _record(change: _Change) -> None:
    record(
        "payments.charge_voided" if change.is_voided else "payments.charge_changed",
        target_type="insure_payments.charge",
        target_id=change.charge.pk,
        metadata={
            "amount_in_cents": [change.old_amount_in_cents, change.charge.amount_in_cents],
            "paid_elsewhere_in_cents": [change.old_external_in_cents, change.charge.external_paid_in_cents],
        },
    )
