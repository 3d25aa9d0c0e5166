import time
from datetime import timedelta
from uuid import uuid4

from django.db import transaction

from insure_common import outbox
from insure_common.models import OutboxMessage

log: list[str] = []


@outbox.consumer()
def note(payload):
    log.append(payload["text"])


@outbox.consumer()
def shout(payload):
    log.append(payload["text"].upper())


@outbox.consumer(max_attempts=2)
def fail_twice_allowed(payload):
    raise ValueError("no luck")


@outbox.consumer(max_attempts=4, outlasts=(TimeoutError,))
def wait_for_somebody(payload):
    if not payload.get("is_there"):
        raise TimeoutError("nobody there")


@outbox.consumer()
def write_then_fail(payload):
    outbox.enqueue("project.consumers.note", payload={"text": "written"})
    raise ValueError("after the write")


@outbox.consumer()
def wait_once(payload):
    log.append("done" if log else "waited")
    if len(log) == 1:
        raise outbox.RetryLater(timedelta(seconds=30))


@outbox.consumer(atomic=False)
def complete_itself(payload):
    with transaction.atomic():
        outbox.complete()
        log.append(OutboxMessage.objects.get().status)


@outbox.consumer()
def lose_lease_then_complete(payload):
    outbox.enqueue("project.consumers.note", payload={"text": "effect"})
    OutboxMessage.objects.filter(task__endswith="lose_lease_then_complete").update(lease_token=uuid4())


@outbox.consumer(atomic=False)
def outlive_lease(payload):
    time.sleep(payload["seconds"])
    log.append(outbox.reclaim_expired())


def hook():
    log.append("hook")


def broken_hook():
    raise ValueError("broken")
