from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from insure_common import outbox
from insure_common.models import OutboxMessage
from insure_common.testing.outbox import pending
from project import consumers

pytestmark = pytest.mark.django_db

Status = OutboxMessage.Status


@pytest.fixture(autouse=True)
def _fresh_log():
    consumers.log.clear()


def enqueue(name, **payload):
    return outbox.enqueue(f"project.consumers.{name}", payload=payload)


def test_message_is_consumed_once_and_done(drain_outbox):
    message_id = enqueue("note", text="hello")
    assert drain_outbox() == 1
    assert drain_outbox() == 0
    assert consumers.log == ["hello"]
    assert OutboxMessage.objects.get(pk=message_id).status == Status.DONE


def test_rollback_of_the_cause_leaves_no_message():
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue("note", text="never")
        raise RuntimeError
    assert pending() == []


def test_known_dedupe_key_adds_nothing():
    first = outbox.enqueue("project.consumers.note", payload={}, dedupe_key="k")
    assert first is not None
    assert outbox.enqueue("project.consumers.note", payload={}, dedupe_key="k") is None
    assert OutboxMessage.objects.count() == 1


def test_urgent_messages_go_first(drain_outbox):
    enqueue("note", text="normal")
    outbox.enqueue("project.consumers.note", payload={"text": "urgent"}, priority=outbox.Priority.URGENT)
    drain_outbox()
    assert consumers.log == ["urgent", "normal"]


def test_failing_consumer_backs_off_and_ends_failed(drain_outbox, clock):
    message_id = enqueue("fail_twice_allowed")
    for _ in range(2):
        drain_outbox(reraise=False)
        clock.travel(timedelta(hours=1))
    message = OutboxMessage.objects.get(pk=message_id)
    assert (message.status, message.attempts) == (Status.FAILED, 2)
    assert message.last_error == "ValueError: no luck"
    assert outbox.retry_failed() == 1
    assert pending() == [("project.consumers.fail_twice_allowed", Status.READY)]


def test_drained_without_a_worker_until_nothing_is_due():
    enqueue("note", text="one")
    enqueue("fail_twice_allowed")
    outbox.enqueue("project.consumers.note", payload={"text": "later"}, delay=timedelta(hours=1))
    assert outbox.drain() == 2
    assert consumers.log == ["one"]
    assert pending() == [("project.consumers.fail_twice_allowed", "READY"), ("project.consumers.note", "READY")]


def test_failed_effect_rolls_back(drain_outbox):
    enqueue("write_then_fail")
    drain_outbox(reraise=False)
    assert [task for task, _ in pending()] == ["project.consumers.write_then_fail"]


def test_waiting_is_not_an_attempt(drain_outbox, clock):
    message_id = enqueue("wait_once")
    drain_outbox()
    assert OutboxMessage.objects.get(pk=message_id).attempts == 0
    clock.travel(timedelta(minutes=1))
    drain_outbox()
    assert consumers.log == ["waited", "done"]


def test_completed_in_the_transaction_of_its_effect(drain_outbox):
    message_id = enqueue("complete_itself")
    drain_outbox()
    assert consumers.log == [Status.DONE]
    assert OutboxMessage.objects.get(pk=message_id).status == Status.DONE


def test_stale_token_does_nothing():
    message_id = enqueue("note", text="twice")
    (lease,) = outbox.lease_due(limit=1)
    outbox.run_message(lease.message_id, uuid4())
    assert consumers.log == []
    outbox.run_message(lease.message_id, lease.token)
    outbox.run_message(message_id, lease.token)
    assert consumers.log == ["twice"]


def test_effect_of_a_zombie_rolls_back():
    enqueue("lose_lease_then_complete")
    (lease,) = outbox.lease_due(limit=1)
    outbox.run_message(lease.message_id, lease.token)
    assert pending() == [("project.consumers.lose_lease_then_complete", Status.LEASED)]


def test_expired_lease_is_handed_over_again(clock, drain_outbox):
    enqueue("note", text="again")
    outbox.lease_due(limit=1)
    assert outbox.lease_due(limit=1) == []
    clock.travel(timedelta(minutes=2))
    assert outbox.reclaim_expired() == 1
    drain_outbox()
    assert consumers.log == ["again"]


@pytest.mark.django_db(transaction=True)
def test_long_consumer_keeps_its_message(monkeypatch, clock):
    monkeypatch.setattr(outbox, "LEASE", timedelta(seconds=1))
    message_id = enqueue("outlive_lease", seconds=2)
    (lease,) = outbox.lease_due(limit=1)
    outbox.run_message(lease.message_id, lease.token)
    assert OutboxMessage.objects.get(pk=message_id).status == Status.DONE
    assert consumers.log == [0]


def test_no_plan_of_postgresql_leases_more_than_was_asked_for():
    for _ in range(3):
        enqueue("note", text="x")
    with connection.cursor() as cursor:
        # A subquery with a limit would be asked anew for each row.
        cursor.execute("ANALYZE insure_common_outboxmessage")
        for plan in ("hashagg", "hashjoin", "mergejoin", "sort", "indexscan", "bitmapscan", "material"):
            cursor.execute(f"SET LOCAL enable_{plan} = off")
    assert len(outbox.lease_due(limit=1)) == 1


def test_message_outlasts_another_systems_absence(clock):
    message_id = enqueue("wait_for_somebody")
    for _ in range(5):
        outbox.drain()
        clock.travel(timedelta(minutes=20))
    message = OutboxMessage.objects.get(pk=message_id)
    assert (message.status, message.last_error) == (Status.READY, "TimeoutError: nobody there")
    OutboxMessage.objects.update(payload={"is_there": True})
    outbox.drain()
    assert pending() == []


def test_message_that_kills_its_worker_is_given_up(clock, drain_outbox):
    message_id = enqueue("fail_twice_allowed")
    OutboxMessage.objects.update(attempts=2)
    drain_outbox()
    assert OutboxMessage.objects.get(pk=message_id).status == Status.FAILED


def test_undeclared_function_is_never_called(drain_outbox):
    message_id = outbox.enqueue("os.getcwd", payload={})
    drain_outbox()
    assert OutboxMessage.objects.get(pk=message_id).status == Status.FAILED


def test_event_reaches_every_subscriber(settings, drain_outbox):
    settings.INSURE_COMMON = {"SUBSCRIBERS": {"policy_issued": ["project.consumers.note", "project.consumers.shout"]}}
    outbox.emit("policy_issued", payload={"text": "p"})
    drain_outbox()
    assert sorted(consumers.log) == ["P", "p"]


def test_enqueueing_is_one_insert(django_assert_num_queries):
    with django_assert_num_queries(1):
        enqueue("note", text="x")


def test_purge_removes_only_what_was_done_long_ago(clock, drain_outbox):
    enqueue("note", text="old")
    drain_outbox()
    clock.travel(timedelta(days=8))
    enqueue("note", text="new")
    assert outbox.purge() == 1
    assert len(pending()) == 1


def test_kept_error_holds_no_row_and_no_address():
    error = ValueError('violates "c"\nDETAIL:  Failing row contains (1, 1099888777).')
    assert outbox._readable(error) == 'ValueError: violates "c"'
    assert outbox._readable(ValueError("refused: ana@example.com")) == "ValueError: refused: ***"
