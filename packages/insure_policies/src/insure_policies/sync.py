"""The sync job of this package."""

from datetime import datetime

from insure_integrations.public import CorePolicy, CoreSystem, Page, SyncJob
from insure_policies.conf import PoliciesSettings
from insure_policies.services.apply_policies import apply_policies


def policies_job() -> SyncJob:
    """`casse.policies`, if CASSE is the system that the settings name."""
    system = PoliciesSettings.load().SYSTEM
    return SyncJob(
        name=f"{system.lower()}.policies", system=system, parse=CorePolicy, fetch=_fetch, apply=apply_policies
    )


def _fetch(core: CoreSystem, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
    return core.policies(updated_since=updated_since, cursor=cursor, limit=limit)
