"""Keep the core system's statements beside ours."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from insure_integrations.public import CoreStatement, PageResult
from insure_payments.models import ExternalStatement

FIGURES = ("opening_in_cents", "charges_in_cents", "payments_in_cents", "closing_in_cents", "lines")

Month = tuple[str, date, str]
"""Of whom, when and in which currency: what one statement is about."""


def apply_statements(*, system: str, rows: Sequence[CoreStatement]) -> PageResult:
    """Upsert rows, each reference once, by (system, reference); what is no news is not written.

    A row about another holder, month or currency than before is refused, and so is a second one about the same.
    """
    with transaction.atomic():
        known = _lock_known(system, rows)
        references = {_month_of(statement): reference for reference, statement in known.items()}
        created, updated, refused = [], [], []
        for statement in (_statement(system, row) for row in rows):
            before = known.get(statement.reference)
            if references.setdefault(_month_of(statement), statement.reference) != statement.reference:
                refused.append((statement.reference, "the holder has another statement of this month"))
            elif before is None:
                created.append(statement)
            elif _month_of(before) != _month_of(statement):
                refused.append((statement.reference, "is about another holder or month"))
            elif _figures_of(before) != _figures_of(statement):
                statement.pk = before.pk
                updated.append(statement)
        ExternalStatement.objects.bulk_create(created)
        ExternalStatement.objects.bulk_update(updated, [*FIGURES, "changed_at", "received_at"])
    return PageResult(
        created=len(created),
        updated=len(updated),
        unchanged=len(rows) - len(created) - len(updated) - len(refused),
        refused=refused,
    )


def _lock_known(system: str, rows: Sequence[CoreStatement]) -> dict[str, ExternalStatement]:
    of_these_holders = Q(period__in={row.period for row in rows}, holder_reference__in={row.holder for row in rows})
    known = ExternalStatement.objects.filter(
        Q(reference__in=[row.reference for row in rows]) | of_these_holders, system=system
    )
    return {statement.reference: statement for statement in known.order_by("pk").select_for_update(no_key=True)}


def _statement(system: str, row: CoreStatement) -> ExternalStatement:
    return ExternalStatement(
        system=system,
        reference=row.reference,
        holder_reference=row.holder,
        period=row.period,
        currency=row.currency,
        opening_in_cents=row.opening_in_cents,
        charges_in_cents=row.charges_in_cents,
        payments_in_cents=row.payments_in_cents,
        closing_in_cents=row.closing_in_cents,
        lines=[
            {"date": line.date.isoformat(), "description": line.description, "amount_in_cents": line.amount_in_cents}
            for line in row.lines
        ],
        changed_at=row.updated_at,
    )


def _month_of(statement: ExternalStatement) -> Month:
    return (statement.holder_reference, statement.period, statement.currency)


def _figures_of(statement: ExternalStatement) -> list[Any]:
    return [getattr(statement, name) for name in FIGURES]
