"""Ask for a run of a sync job."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from insure_audit.public import record
from insure_common import clock
from insure_common.database import advisory_lock
from insure_common.exceptions import ValidationError
from insure_common.outbox import Priority, enqueue
from insure_integrations.conf import IntegrationsSettings
from insure_integrations.enums import SyncStatus
from insure_integrations.jobs import find_job, registered_jobs
from insure_integrations.models import SyncRun
from insure_integrations.services.hold_run import RUN_TASK, abandoned_after


def request_sync(*, job: str, actor: AbstractBaseUser | None = None, full: bool = False) -> SyncRun:
    """Request a run of `job` that starts after this moment; a run that already waits to start serves for it.

    Without a complete full run to build on, or when the last one is older than FULL_SYNC_INTERVAL, the run is full.
    Raises ValidationError if no package registered the job.
    """
    if find_job(job) is None:
        raise ValidationError({"job": [_("There is no such job.")]})
    with transaction.atomic():
        advisory_lock("insure_integrations.sync", job)
        run = SyncRun.objects.filter(job=job, status=SyncStatus.REQUESTED).first()
        if run is None:
            run = SyncRun.objects.create(
                job=job, requested_by_id=actor.pk if actor else None, full=full or _is_full_due(job)
            )
        elif full and not run.full:
            run.full = True
            run.save(update_fields=["full"])
        # Also for a run that waits already: its own message may have failed for good.
        enqueue(RUN_TASK, payload={"run_id": run.pk}, priority=Priority.BULK)
        record(
            "integrations.sync_requested",
            actor=actor,
            target_type="insure_integrations.sync_run",
            target_id=run.pk,
            metadata={"job": job, "full": run.full},
        )
    return run


def request_due_syncs() -> None:
    """Request the next run of every job, for the schedule; a job under way is left alone."""
    alive_since = clock.now() - abandoned_after()
    for job in registered_jobs():
        under_way = SyncRun.objects.filter(job=job.name, status=SyncStatus.RUNNING, heartbeat_at__gt=alive_since)
        if not under_way.exists():
            request_sync(job=job.name)


def _is_full_due(job: str) -> bool:
    since = clock.now() - IntegrationsSettings.load().FULL_SYNC_INTERVAL
    recent = SyncRun.objects.filter(job=job, full=True, status=SyncStatus.SUCCEEDED, finished_at__gt=since)
    return not recent.exists()
