"""The relay against a real broker, with a real Celery worker in a thread."""

import os
import threading
import time

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.db import connection

from insure_common import clock, liveness, outbox, relay
from insure_common.models import OutboxMessage
from insure_common.testing.outbox import pending
from project import consumers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker():
    app = Celery("insure-test", broker=os.environ["REDIS_URL"], set_as_current=True)
    app.conf.update(
        task_default_queue=f"test-{os.getpid()}",
        broker_transport_options={"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0},
        broker_connection_retry=False,
        worker_hijack_root_logger=False,
    )
    app.set_default()
    from insure_common import tasks  # noqa: F401 registers the shared tasks with the application

    consumers.log.clear()
    return app


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def test_message_travels_through_the_broker_to_a_worker(broker):
    outbox.enqueue("project.consumers.note", payload={"text": "over redis"})
    stop = threading.Event()

    def relaying():
        relay.run(stop)
        connection.close()

    with start_worker(broker, perform_ping_check=False):
        thread = threading.Thread(target=relaying)
        thread.start()
        wait_until(lambda: pending() == [])
        stop.set()
        thread.join()
    assert consumers.log == ["over redis"]


def test_dead_broker_loses_nothing(broker):
    broker.conf.broker_url = "redis://127.0.0.1:1/0"
    message_id = outbox.enqueue("project.consumers.note", payload={"text": "later"})
    assert relay.relay_once(ahead=10) is None
    assert OutboxMessage.objects.get(pk=message_id).status == OutboxMessage.Status.READY


def test_what_a_broker_in_trouble_held_is_handed_over_again(broker):
    outbox.enqueue("project.consumers.note", payload={"text": "lost with the broker"})
    assert relay.relay_once(ahead=10) == 1
    outbox.give_back([])
    assert relay.relay_once(ahead=10) == 1


def test_relay_is_never_further_ahead_of_the_workers_than_it_may(broker):
    """What no worker takes stays in the database, where the urgent goes first, and is not sent again and again."""
    for text in ("first", "second", "third"):
        outbox.enqueue("project.consumers.note", payload={"text": text}, priority=outbox.Priority.BULK)
    assert relay.relay_once(ahead=2) == 2
    urgent = outbox.enqueue("project.consumers.note", payload={"text": "now"}, priority=outbox.Priority.URGENT)
    assert relay.relay_once(ahead=2) == 0
    OutboxMessage.objects.filter(status="LEASED").update(status="DONE", leased_until=None, finished_at=clock.now())
    assert relay.relay_once(ahead=1) == 1
    assert OutboxMessage.objects.get(pk=urgent).status == OutboxMessage.Status.LEASED


def test_hooks_are_called_and_a_failing_one_does_not_stop_the_relay(broker, settings):
    settings.INSURE_COMMON = {"RELAY_HOOKS": {"project.consumers.broken_hook": 0.01, "project.consumers.hook": 0.01}}
    stop = threading.Event()

    def relaying():
        relay.run(stop)
        connection.close()

    thread = threading.Thread(target=relaying)
    thread.start()
    wait_until(lambda: consumers.log.count("hook") > 1)
    stop.set()
    thread.join()


def test_signs_of_life_of_relay_and_worker(broker):
    stop = threading.Event()

    def relaying():
        relay.run(stop)
        connection.close()

    with start_worker(broker, perform_ping_check=False):
        thread = threading.Thread(target=relaying)
        thread.start()
        wait_until(lambda: None not in (liveness.ages()["relay"], liveness.ages()["worker"]))
        stop.set()
        thread.join()
    assert liveness.ages()["beat"] is None


def test_dead_broker_leaves_the_relay_alone_alive(broker):
    broker.conf.broker_url = "redis://127.0.0.1:1/0"
    relay.show_life()
    assert [process for process, age in liveness.ages().items() if age is not None] == ["relay"]
