"""Signs of life of the processes, and what monitoring sees of them and of the outbox."""

from datetime import timedelta

import pytest

from insure_common import liveness, metrics, outbox, tasks
from insure_common.models import OutboxMessage

pytestmark = pytest.mark.django_db


def values(name):
    return next(gauge.values for gauge in metrics.gauges() if gauge.name == name)


def test_who_never_showed_life_has_no_age():
    assert liveness.ages() == {"relay": None, "worker": None, "beat": None}
    assert values("insure_process_seen_seconds") == {}


def test_age_is_that_of_the_last_sign(clock):
    tasks.show_life("beat")
    clock.travel(timedelta(minutes=5))
    liveness.show_life("relay")
    assert 300 <= liveness.ages()["beat"].total_seconds() < 310
    tasks.show_life("beat")
    assert 0 <= values("insure_process_seen_seconds")[("beat",)] < 10


def test_outbox_is_seen_by_priority_and_age(clock, drain_outbox):
    for priority in (outbox.Priority.URGENT, outbox.Priority.BULK, outbox.Priority.BULK):
        outbox.enqueue("os.getcwd", payload={}, priority=priority)
    clock.travel(timedelta(minutes=2))
    assert values("insure_outbox_ready") == {("0",): 1, ("9",): 2}
    assert 120 <= values("insure_outbox_oldest_due_seconds")[("9",)] < 130
    drain_outbox()
    assert values("insure_outbox_failed") == {(): 3}
    assert values("insure_outbox_ready") == {}


def test_work_for_later_is_not_late():
    outbox.enqueue("os.getcwd", payload={}, delay=timedelta(hours=1))
    assert values("insure_outbox_oldest_due_seconds") == {("5",): 0}


def test_leased_messages_are_counted():
    outbox.enqueue("os.getcwd", payload={})
    outbox.lease_due(limit=1)
    assert values("insure_outbox_leased") == {(): 1}
    assert OutboxMessage.objects.get().status == "LEASED"
