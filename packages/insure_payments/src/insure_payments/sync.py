"""What the core system's charges are to this package: the sync job "casse.charges"."""

from collections.abc import Sequence
from datetime import datetime

from insure_integrations.public import CoreCharge, CoreSystem, Page, PageResult, RunContext, SyncJob
from insure_payments.conf import PaymentsSettings
from insure_payments.services.apply_charges import apply_charges


def _fetch(core: CoreSystem, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
    return core.charges(updated_since=updated_since, cursor=cursor, limit=limit)


def _apply(rows: Sequence[CoreCharge], context: RunContext) -> PageResult:
    return apply_charges(system=context.system, rows=rows)


def charges_job() -> SyncJob:
    """The job for the core system that the settings name."""
    system = PaymentsSettings.load().CORE_SYSTEM
    return SyncJob(name=f"{system.lower()}.charges", system=system, parse=CoreCharge, fetch=_fetch, apply=_apply)
