"""Walk through a core system, page by page.

One run of a job at a time and one worker at a run (see hold_run). Rows, counts and cursor of a page commit together, so
that a run that was stopped anywhere resumes where it was and applies nothing twice.
"""

import logging
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from insure_common import clock
from insure_common.outbox import RetryLater, complete
from insure_integrations.clients.base import Page
from insure_integrations.clients.registry import core_system
from insure_integrations.conf import IntegrationsSettings
from insure_integrations.enums import FINISHED, SyncStatus
from insure_integrations.jobs import PageResult, RunContext, SyncJob, find_job
from insure_integrations.models import SyncRun
from insure_integrations.services.hold_run import (
    WAIT_FOR_OTHERS,
    FencedOff,
    claim,
    finish,
    hand_over,
    lock_held,
    note_failure,
    show_life,
)
from insure_integrations.services.quarantine import SortedRows, keep_quarantine, sort_rows

logger = logging.getLogger(__name__)


class WalkBroken(Exception):
    """The pages contradict each other: they repeat, go backwards or lead nowhere."""


def run_sync(*, run_id: UUID) -> SyncRun:
    """Claim the run and work at it until it ends or its slice of time is used up; a new message then goes on.

    Raises RetryLater while somebody else is at it, and after a failure, from which the run resumes at its cursor.
    """
    run = claim(run_id=run_id)
    slice_ends_at = clock.now() + IntegrationsSettings.load().SYNC_SLICE
    try:
        while run.status not in FINISHED:
            run = _next_page(run)
            if run.status not in FINISHED and clock.now() >= slice_ends_at:
                return hand_over(run)
        return run
    except FencedOff:
        logger.warning("sync run was claimed by somebody else", extra={"run": str(run_id), "fence": run.fence})
        raise RetryLater(WAIT_FOR_OTHERS) from None
    except Exception as error:
        # Whether the fault is theirs or ours: the run notes it and resumes from its cursor.
        logger.warning("sync run failed", extra={"run": str(run_id), "job": run.job}, exc_info=True)
        return note_failure(run, error)


def _next_page(run: SyncRun) -> SyncRun:
    job = _job_of(run)
    page = job.fetch(
        core_system(job.system),
        updated_since=run.updated_since,
        cursor=run.cursor or None,
        limit=IntegrationsSettings.load().SYNC_PAGE_SIZE,
    )
    rows = sort_rows(page.rows, job.parse)
    _check_walk(run, page, rows)
    with transaction.atomic():
        held = lock_held(run)
        context = RunContext(run_id=held.pk, system=job.system, full=held.full, now=clock.now())
        result = job.apply(rows.valid, context) if rows.valid else PageResult()
        keep_quarantine(run=held, accepted=rows.valid, refused=[*rows.refused, *result.refused])
        _advance(held, page, rows, result)
        held.save()
        if held.status in FINISHED:
            complete()
    return held


def _job_of(run: SyncRun) -> SyncJob:
    job = find_job(run.job)
    if job is None:
        raise ImproperlyConfigured(f"sync job {run.job!r} is not registered")
    return job


def _check_walk(run: SyncRun, page: Page, rows: SortedRows) -> None:
    """A page that repeats another would let a partial walk pass for a complete one, or never end."""
    if rows.keys != sorted(rows.keys):
        raise WalkBroken("a page is out of order")
    if rows.keys and run.newest and rows.keys[0] <= (run.newest, run.last_reference):
        raise WalkBroken("a page repeats or goes backwards")
    if page.next_cursor and (page.next_cursor == run.cursor or not page.rows):
        raise WalkBroken("a page leads nowhere")
    if run.seen + len(page.rows) > max(page.total, run.total or 0):
        raise WalkBroken("more rows came than were announced")


def _advance(run: SyncRun, page: Page, rows: SortedRows, result: PageResult) -> None:
    if run.total is None:
        run.total, run.snapshot = page.total, page.snapshot
    run.is_consistent = run.is_consistent and (run.total, run.snapshot) == (page.total, page.snapshot)
    if rows.keys:
        run.newest, run.last_reference = rows.keys[-1]
    run.cursor = page.next_cursor or ""
    run.seen += len(page.rows)
    run.created += result.created
    run.updated += result.updated
    run.unchanged += result.unchanged
    run.failed += len(rows.refused) + len(result.refused)
    run.failures, run.error = 0, ""
    show_life(run)
    if page.next_cursor:
        return
    if not run.is_consistent:
        finish(run, SyncStatus.INCOMPLETE, error="the data changed during the walk")
    elif run.seen != run.total:
        finish(run, SyncStatus.INCOMPLETE, error="fewer rows came than were announced")
    else:
        finish(run, SyncStatus.SUCCEEDED)
