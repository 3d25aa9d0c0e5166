"""Who may write to a sync run: claims with a fencing number, and how they end."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from insure_common import clock
from insure_common.database import advisory_lock
from insure_common.outbox import Priority, RetryLater, complete, enqueue
from insure_integrations.clients.base import CoreUnavailable
from insure_integrations.conf import IntegrationsSettings
from insure_integrations.enums import FINISHED, SyncStatus
from insure_integrations.models import SyncRun

logger = logging.getLogger(__name__)

RUN_TASK = "insure_integrations.tasks.run_sync_task"
WAIT_FOR_OTHERS = timedelta(seconds=10)
BACKOFF = timedelta(seconds=5)
LONGEST_BACKOFF = timedelta(minutes=5)


class FencedOff(Exception):
    """Somebody else has claimed the run meanwhile; nothing may be written."""


def claim(*, run_id: UUID) -> SyncRun:
    """Take the run over under a new fencing number, unless it is finished.

    Raises RetryLater while another worker holds it, or while another run of its job is alive.
    """
    with transaction.atomic():
        advisory_lock("insure_integrations.sync", SyncRun.objects.get(pk=run_id).job)
        run, now = SyncRun.objects.select_for_update().get(pk=run_id), clock.now()
        if run.status in FINISHED:
            return run
        if run.held_until and run.held_until > now:
            raise RetryLater(run.held_until - now)
        _make_room(run)
        if run.status == SyncStatus.REQUESTED:
            run.status, run.started_at = SyncStatus.RUNNING, now
            run.updated_since = None if run.full else _newest_known(run.job)
        run.fence += 1
        show_life(run)
        run.save()
    return run


def lock_held(run: SyncRun) -> SyncRun:
    """The run as it is now, locked until the transaction ends. Raises FencedOff if it was claimed by somebody else."""
    held = SyncRun.objects.select_for_update().get(pk=run.pk)
    if held.fence != run.fence or held.status != SyncStatus.RUNNING:
        raise FencedOff
    return held


def show_life(run: SyncRun) -> None:
    run.heartbeat_at = clock.now()
    run.held_until = run.heartbeat_at + IntegrationsSettings.load().SYNC_LEASE


def hand_over(run: SyncRun) -> SyncRun:
    """Let go of the run and leave the rest of it to a new message."""
    with transaction.atomic():
        held = lock_held(run)
        held.held_until = None
        held.save(update_fields=["held_until"])
        enqueue(RUN_TASK, payload={"run_id": held.pk}, priority=Priority.BULK)
        complete()
    return held


def note_failure(run: SyncRun, error: Exception) -> SyncRun:
    """Let go of the run after a failure: FAILED after SYNC_MAX_FAILURES in a row, until then RetryLater is raised."""
    with transaction.atomic():
        held = lock_held(run)
        held.failures += 1
        held.error, held.held_until = f"{type(error).__name__}: {error}"[:500], None
        if held.failures >= IntegrationsSettings.load().SYNC_MAX_FAILURES:
            finish(held, SyncStatus.FAILED, error=held.error)
            complete()
        held.save()
    if held.status == SyncStatus.RUNNING:
        asked = timedelta(seconds=(error.retry_after if isinstance(error, CoreUnavailable) else None) or 0)
        raise RetryLater(min(max(asked, BACKOFF * 2**held.failures), LONGEST_BACKOFF))
    return held


def finish(run: SyncRun, status: SyncStatus, *, error: str = "") -> None:
    """End the run; the caller saves it."""
    run.status, run.error = status, error
    run.finished_at, run.held_until = clock.now(), None
    extra = {"job": run.job, "run": str(run.pk), "seen": run.seen, "total": run.total, "error": error}
    logger.log(logging.INFO if status == SyncStatus.SUCCEEDED else logging.ERROR, "sync run %s", status, extra=extra)


def abandoned_after() -> timedelta:
    """Time without a sign of life after which a run makes room for the next one of its job."""
    return max(4 * IntegrationsSettings.load().SYNC_LEASE, 2 * LONGEST_BACKOFF)


def _make_room(run: SyncRun) -> None:
    other = SyncRun.objects.filter(job=run.job, status=SyncStatus.RUNNING).exclude(pk=run.pk).first()
    if other is None:
        return
    if other.heartbeat_at and other.heartbeat_at > clock.now() - abandoned_after():
        raise RetryLater(WAIT_FOR_OTHERS)
    finish(other, SyncStatus.FAILED, error="abandoned")
    other.save()


def _newest_known(job: str) -> datetime | None:
    """Where a partial run starts: a little before the newest row of the complete runs so far."""
    complete_runs = SyncRun.objects.filter(job=job, status=SyncStatus.SUCCEEDED, newest__isnull=False)
    last = complete_runs.order_by("-newest").first()
    if last is None or last.newest is None:
        return None
    return last.newest - IntegrationsSettings.load().SYNC_OVERLAP
