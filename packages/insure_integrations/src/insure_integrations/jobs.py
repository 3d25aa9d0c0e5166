"""The registry of sync jobs: domains plug into integrations, not the reverse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from insure_integrations.clients.base import CoreModel, CoreSystem, Page


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a job may know of the run that it works for."""

    run_id: UUID
    system: str
    full: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class PageResult:
    """What became of the rows of a page; `refused` holds (reference, reason), the reason without personal values."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


class Fetch(Protocol):
    def __call__(self, core: CoreSystem, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page: ...


@dataclass(frozen=True, slots=True)
class SyncJob:
    """A walk through one kind of row of one core system.

    `fetch` gets a page, outside of any transaction. `parse` validates its rows one by one; it has `reference` and
    `updated_at`. `apply` gets the valid rows, each reference once, in the transaction that also moves the cursor.
    """

    name: str
    system: str
    parse: type[CoreModel]
    fetch: Fetch
    apply: Callable[[Sequence[Any], RunContext], PageResult]


_jobs: dict[str, SyncJob] = {}


def register_sync_job(job: SyncJob) -> None:
    """Make a job known; call in AppConfig.ready."""
    _jobs[job.name] = job


def find_job(name: str) -> SyncJob | None:
    return _jobs.get(name)


def registered_jobs() -> list[SyncJob]:
    """All jobs by name."""
    return [_jobs[name] for name in sorted(_jobs)]
