"""CASSE fails in every way that it can: what was applied stays right, and the run resumes."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from insure_common.models import OutboxMessage
from insure_common.outbox import RetryLater
from insure_integrations.enums import SyncStatus
from insure_integrations.models import ExternalCall, SyncQuarantine, SyncRun
from insure_integrations.public import request_sync
from insure_integrations.services import run_sync as run_sync_module
from insure_integrations.services.request_sync import request_due_syncs
from insure_integrations.services.run_sync import run_sync
from project.models import Policy

SYNC_LEASE = timedelta(minutes=5)

pytestmark = pytest.mark.django_db(transaction=True)


def start(**options):
    return request_sync(job="casse.policies", **options)


def test_full_run_brings_every_policy_and_proves_complete(casse, drain_outbox):
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert (run.status, run.full, run.seen, run.total, run.created) == (SyncStatus.SUCCEEDED, True, 25, 25, 25)
    assert Policy.objects.count() == 25
    raw = casse.portfolio.policies["POL-000001"]
    assert Policy.objects.get(reference="POL-000001").premium_in_cents == int(raw["premium"]["total"][:-3]) * 100


def test_second_run_takes_what_has_changed_and_writes_nothing_else(casse, drain_outbox):
    start()
    drain_outbox()
    added = casse.add_holder(id_type="CC", id_number="52700104", full_name="Clara Rojas", email="c@example.com")
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert (run.full, run.created, run.updated) == (False, 1, 0)
    assert Policy.objects.filter(reference=added["policy"]).exists()
    assert not Policy.objects.filter(writes__gt=1).exists()


@pytest.mark.parametrize("fault", ["error", "garbage", "truncated", "too_many_requests", "redirect", "huge"])
def test_run_resumes_at_its_cursor_after_a_failing_page(casse, drain_outbox, clock, fault):
    casse.control_post({"pages": {2: fault}})
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert (run.status, run.seen, run.failures) == (SyncStatus.RUNNING, 10, 1)
    assert run.error
    assert Policy.objects.count() == 10
    casse.control_post({"pages": {}})
    casse.calls.clear()
    clock.travel(SYNC_LEASE)
    drain_outbox()
    run.refresh_from_db()
    assert (run.status, run.seen, run.created, run.error) == (SyncStatus.SUCCEEDED, 25, 25, "")
    assert casse.calls.count("GET /v1/policies") == 2
    assert Policy.objects.count() == 25


def test_run_ends_failed_after_too_many_failures_and_the_next_one_starts_anew(casse, drain_outbox, clock):
    casse.control_post({"pages": {2: "error"}})
    run = start()
    for _ in range(6):
        drain_outbox()
        clock.travel(SYNC_LEASE)
    run.refresh_from_db()
    assert (run.status, run.failures) == (SyncStatus.FAILED, 5)
    assert Policy.objects.count() == 10
    casse.control_post({"pages": {}})
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert (run.status, run.created, run.unchanged) == (SyncStatus.SUCCEEDED, 15, 10)


@pytest.mark.parametrize("page", [{2: "repeat"}, {3: "repeat"}])
def test_repeated_page_is_not_taken_for_progress(casse, drain_outbox, page):
    casse.control_post({"pages": page})
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert run.status == SyncStatus.RUNNING
    assert "repeats" in run.error
    assert Policy.objects.count() == 10 * (min(page) - 1)


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ({2: "empty"}, "fewer rows"),
        ({2: "shrink"}, "changed during the walk"),
        ({0: "wrong_total"}, "fewer rows"),
        ({3: "wrong_total"}, "changed during the walk"),
    ],
)
def test_walk_that_does_not_add_up_is_incomplete_and_the_next_one_starts_where_this_one_did(
    casse, drain_outbox, pages, reason
):
    casse.control_post({"pages": pages})
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert run.status == SyncStatus.INCOMPLETE
    assert reason in run.error
    casse.control_post({"pages": {}})
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert (run.status, run.full, run.updated_since, run.seen) == (SyncStatus.SUCCEEDED, True, None, 25)
    assert Policy.objects.count() == 25


def test_bad_row_is_quarantined_and_the_rest_goes_on(casse, drain_outbox):
    casse.control_post({"corrupt": ["POL-000003"]})
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert (run.status, run.created, run.failed) == (SyncStatus.SUCCEEDED, 24, 1)
    row = SyncQuarantine.objects.get()
    assert row.reference == "POL-000003"
    assert "starts_on" in row.reason
    casse.control_post({"corrupt": []})
    run = start(full=True)
    drain_outbox()
    assert not SyncQuarantine.objects.exists()
    assert Policy.objects.count() == 25


def test_policy_is_not_moved_to_another_holder(casse, drain_outbox):
    start()
    drain_outbox()
    before = Policy.objects.get(reference="POL-000001").holder_reference
    other = next(reference for reference in casse.portfolio.holders if reference != before)
    casse.move_policy("POL-000001", holder=other)
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert run.failed == 1
    assert Policy.objects.get(reference="POL-000001").holder_reference == before
    assert SyncQuarantine.objects.get().reason == "belongs to another holder"


def test_two_workers_at_one_run_apply_it_once(casse):
    run = start()
    outcomes = []

    def work():
        try:
            outcomes.append(run_sync(run_id=run.pk).status)
        except RetryLater:
            outcomes.append("later")
        finally:
            connection.close()

    casse.control_post({"latency_ms": 50})
    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(outcomes) == [SyncStatus.SUCCEEDED, "later"]
    assert not Policy.objects.filter(writes__gt=1).exists()
    assert casse.calls.count("GET /v1/policies") == 3


def test_second_run_of_a_job_waits_for_the_first(casse, clock):
    first = start()
    SyncRun.objects.update(status=SyncStatus.RUNNING, started_at=clock.now(), heartbeat_at=clock.now())
    second = start()
    with pytest.raises(RetryLater):
        run_sync(run_id=second.pk)
    assert run_sync(run_id=first.pk).status == SyncStatus.SUCCEEDED
    assert run_sync(run_id=second.pk).status == SyncStatus.SUCCEEDED


def test_write_of_a_worker_that_was_overtaken_is_refused(casse, clock):
    """The zombie has fetched its page, is paused beyond its lease, and comes back after another worker took over."""
    run = start()
    original = run_sync_module.sort_rows
    taken_over = []

    def pause(rows, parse):
        if not taken_over:
            taken_over.append(True)
            clock.travel(2 * SYNC_LEASE)
            taken_over.append(run_sync(run_id=run.pk))
        return original(rows, parse)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_sync_module, "sort_rows", pause)
        with pytest.raises(RetryLater):
            run_sync(run_id=run.pk)
    run.refresh_from_db()
    assert taken_over[1].status == SyncStatus.SUCCEEDED
    assert (run.status, run.fence, run.created, run.unchanged) == (SyncStatus.SUCCEEDED, 2, 25, 0)
    assert not Policy.objects.filter(writes__gt=1).exists()


def test_run_whose_worker_was_killed_is_taken_over(casse, clock):
    run = start()

    def die(**_):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_sync_module, "keep_quarantine", die)
        with pytest.raises(KeyboardInterrupt):
            run_sync(run_id=run.pk)
    with pytest.raises(RetryLater):
        run_sync(run_id=run.pk)
    assert Policy.objects.count() == 0
    clock.travel(SYNC_LEASE)
    assert run_sync(run_id=run.pk).status == SyncStatus.SUCCEEDED
    assert Policy.objects.count() == 25


def test_long_run_is_cut_into_slices(casse, settings, drain_outbox):
    settings.INSURE_INTEGRATIONS = settings.INSURE_INTEGRATIONS | {"SYNC_SLICE": "PT0.000001S"}
    run = start()
    drain_outbox()
    run.refresh_from_db()
    assert (run.status, run.seen) == (SyncStatus.SUCCEEDED, 25)
    assert run.fence > 1


def test_waiting_run_serves_for_every_request(casse):
    assert start().pk == start(full=True).pk
    assert SyncRun.objects.get().full


def test_schedule_leaves_a_run_under_way_alone(casse, clock):
    run = start()
    SyncRun.objects.update(status=SyncStatus.RUNNING, started_at=clock.now(), heartbeat_at=clock.now())
    request_due_syncs()
    assert SyncRun.objects.get().pk == run.pk
    clock.travel(SYNC_LEASE * 5)
    request_due_syncs()
    assert SyncRun.objects.count() == 2


def test_abandoned_run_makes_room(casse, clock, drain_outbox):
    old = start()
    SyncRun.objects.update(status=SyncStatus.RUNNING, started_at=clock.now(), heartbeat_at=clock.now())
    OutboxMessage.objects.all().delete()
    clock.travel(SYNC_LEASE * 5)
    new = start()
    drain_outbox()
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, old.error, new.status) == (SyncStatus.FAILED, "abandoned", SyncStatus.SUCCEEDED)


def test_every_call_is_logged_without_personal_data(casse, drain_outbox):
    start()
    drain_outbox()
    calls = ExternalCall.objects.order_by("id")
    assert [call.operation for call in calls] == ["sign_in", "list_policies", "list_policies", "list_policies"]
    log = str(list(calls.values()))
    holder = casse.portfolio.holders["TOM-000001"]
    assert "POL-000001" in log
    for secret in ("canary-secret", holder["full_name"], holder["email"], holder["id_number"], *casse._tokens):
        assert secret not in log
