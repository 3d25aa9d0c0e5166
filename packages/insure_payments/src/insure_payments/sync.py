"""What the core system's charges and statements are to this package: the sync jobs of both."""

from collections.abc import Sequence
from datetime import datetime

from insure_common import clock
from insure_integrations.public import CoreCharge, CoreStatement, CoreSystem, Page, PageResult, RunContext, SyncJob
from insure_payments.conf import PaymentsSettings
from insure_payments.periods import month_before
from insure_payments.services.apply_charges import apply_charges
from insure_payments.services.apply_statements import apply_statements


def _fetch(core: CoreSystem, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
    return core.charges(updated_since=updated_since, cursor=cursor, limit=limit)


def _apply(rows: Sequence[CoreCharge], context: RunContext) -> PageResult:
    return apply_charges(system=context.system, rows=rows)


def _fetch_statements(core: CoreSystem, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
    """Those of the month before this one: the last that is over."""
    period = month_before(clock.today().replace(day=1))
    return core.statements(period=period, updated_since=updated_since, cursor=cursor, limit=limit)


def _apply_statements(rows: Sequence[CoreStatement], context: RunContext) -> PageResult:
    return apply_statements(system=context.system, rows=rows)


def charges_job() -> SyncJob:
    """The charges of the core system that the settings name."""
    system = PaymentsSettings.load().CORE_SYSTEM
    return SyncJob(name=f"{system.lower()}.charges", system=system, parse=CoreCharge, fetch=_fetch, apply=_apply)


def statements_job() -> SyncJob:
    """Its statements, which are compared with ours."""
    system = PaymentsSettings.load().CORE_SYSTEM
    return SyncJob(
        name=f"{system.lower()}.statements",
        system=system,
        parse=CoreStatement,
        fetch=_fetch_statements,
        apply=_apply_statements,
    )
