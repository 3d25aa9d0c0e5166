"""Reads of runs, calls and notifications."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from insure_integrations.enums import SyncStatus
from insure_integrations.jobs import registered_jobs
from insure_integrations.models import ExternalCall, Notification, SyncRun


@dataclass(frozen=True, slots=True)
class JobState:
    """A job with its latest run, and the latest that proved complete: the age of the data served."""

    name: str
    system: str
    last_run: SyncRun | None
    last_success: SyncRun | None


def sync_jobs() -> list[JobState]:
    """Every registered job, by name; two queries however many there are."""
    jobs = registered_jobs()
    runs = SyncRun.objects.filter(job__in=[job.name for job in jobs]).order_by("job", "-id").distinct("job")
    last = {run.job: run for run in runs}
    succeeded = {run.job: run for run in runs.filter(status=SyncStatus.SUCCEEDED)}
    return [
        JobState(name=job.name, system=job.system, last_run=last.get(job.name), last_success=succeeded.get(job.name))
        for job in jobs
    ]


def sync_runs(filters: Mapping[str, Any] | None = None) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(**(filters or {}))


def external_calls(filters: Mapping[str, Any] | None = None) -> QuerySet[ExternalCall]:
    return ExternalCall.objects.filter(**(filters or {}))


def notifications_of(user_id: Any) -> QuerySet[Notification]:
    return Notification.objects.filter(user_id=user_id)
