"""The transactional outbox: work that must happen after a commit is a row written in that commit.

Delivery is at least once: every consumer must be harmless when it runs twice or in parallel.
"""

import logging
import random
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet

from insure_common import batch, clock, correlation
from insure_common.conf import CommonSettings, import_dotted
from insure_common.heartbeat import Heartbeat
from insure_common.ids import new_id
from insure_common.models import IdempotencyKey, OutboxMessage
from insure_common.redaction import redacted
from insure_common.retention import delete_in_batches

logger = logging.getLogger(__name__)

Payload = dict[str, Any]
ConsumerFunction = Callable[[Payload], None]
Status = OutboxMessage.Status

LEASE = timedelta(seconds=20)
"""A worker without a sign of life for this long has lost its message to another one."""
LONGEST_BACKOFF_SECONDS = 600
MOST_DEATHS = 3
"""So many workers in a row may die of a message that waits for another system, before it has FAILED after all."""


class Priority(IntEnum):
    URGENT = 0
    NORMAL = 5
    BULK = 9


class RetryLater(Exception):
    """Raised by a consumer that waits for something: run me again after `delay`; not counted as an attempt."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(f"again in {delay}")
        self.delay = delay


class LeaseLost(Exception):
    """The message was handed to somebody else meanwhile; the effect must roll back."""


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    atomic: bool
    time_limit: timedelta
    max_attempts: int
    outlasts: tuple[type[Exception], ...]


@dataclass(frozen=True, slots=True)
class _Delivery:
    message_id: UUID
    token: UUID


_consumers: dict[ConsumerFunction, ConsumerOptions] = {}
_delivery: ContextVar[_Delivery | None] = ContextVar("insure_outbox_delivery", default=None)


def consumer(
    *,
    atomic: bool = True,
    time_limit: timedelta = timedelta(seconds=60),
    max_attempts: int = 10,
    outlasts: tuple[type[Exception], ...] = (),
) -> Callable[[ConsumerFunction], ConsumerFunction]:
    """Declare a function of a package's tasks.py as an outbox consumer.

    With `atomic` the runner opens the transaction and marks the message DONE in it. Without, for consumers that call
    other systems, the service calls `complete()` in the transaction of its effect. A worker that takes longer than
    `time_limit` is ended. After `max_attempts` a message has FAILED; but not after one of the errors in `outlasts`,
    which say that another system is away: it is tried again until that has come back.
    """

    def declare(function: ConsumerFunction) -> ConsumerFunction:
        _consumers[function] = ConsumerOptions(
            atomic=atomic, time_limit=time_limit, max_attempts=max_attempts, outlasts=outlasts
        )
        return function

    return declare


def find_consumer(path: str) -> tuple[ConsumerFunction, ConsumerOptions]:
    """The consumer behind a dotted path. Raises ImproperlyConfigured for anything that is not declared as one."""
    function = import_dotted(path)
    if function not in _consumers:
        raise ImproperlyConfigured(f"{path!r} is not an outbox consumer")
    return function, _consumers[function]


def enqueue(
    task: str,
    *,
    payload: Mapping[str, Any],
    delay: timedelta | None = None,
    priority: Priority = Priority.NORMAL,
    dedupe_key: str | None = None,
) -> UUID | None:
    """Write one message for the consumer at the dotted path `task`, in the caller's transaction.

    The payload holds ids and plain values, never a secret. Returns None if `dedupe_key` is known already.
    """
    message = new_message(task, payload=payload, priority=priority)
    message.due_at += delay or timedelta()
    message.dedupe_key = dedupe_key
    if dedupe_key is None:
        batch.insert([message])
        return message.pk
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        return None
    return message.pk


def emit(event: str, *, payload: Mapping[str, Any]) -> None:
    """Write one message for each subscriber of `event` (INSURE_COMMON["SUBSCRIBERS"]), in the caller's transaction."""
    subscribers = CommonSettings.load().SUBSCRIBERS.get(event, [])
    batch.insert(new_message(path, payload=payload) for path in subscribers)


def new_message(task: str, *, payload: Mapping[str, Any], priority: Priority = Priority.NORMAL) -> OutboxMessage:
    """What `enqueue` writes, for who writes it along with rows of their own."""
    plain = {key: str(value) if isinstance(value, UUID) else value for key, value in payload.items()}
    return OutboxMessage(task=task, payload=plain, priority=priority, correlation_id=correlation.correlation_id())


def complete() -> None:
    """Mark the message being consumed DONE in the present transaction; does nothing outside of a consumer.

    Raises LeaseLost, which must roll the effect back, if the message belongs to somebody else by now.
    """
    delivery = _delivery.get()
    if delivery is None:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("complete() belongs in the transaction of the effect")
    if not _finish(delivery, status=Status.DONE):
        raise LeaseLost(str(delivery.message_id))
    _delivery.set(None)


def _finish(delivery: _Delivery, *, status: OutboxMessage.Status, **changes: Any) -> bool:
    finished_at = clock.now() if status in (Status.DONE, Status.FAILED) else None
    mine = OutboxMessage.objects.filter(pk=delivery.message_id, status=Status.LEASED, lease_token=delivery.token)
    return bool(mine.update(status=status, lease_token=None, leased_until=None, finished_at=finished_at, **changes))


def run_message(message_id: UUID, token: UUID, *, reraise: bool = False) -> None:
    """Consume one leased message; what is not leased under `token` any more is left alone."""
    message = OutboxMessage.objects.filter(pk=message_id, status=Status.LEASED, lease_token=token).first()
    if message is None:
        return
    delivery = _Delivery(message_id, token)
    with correlation.bound(correlation_id=message.correlation_id):
        try:
            function, options = find_consumer(message.task)
        except ImproperlyConfigured as error:
            _fail(delivery, message, error)
            return
        if message.attempts >= options.max_attempts:
            _fail(delivery, message, RuntimeError("the worker died in every attempt"))
            return
        started = OutboxMessage.objects.filter(pk=message_id, status=Status.LEASED, lease_token=token).update(
            attempts=F("attempts") + 1, leased_until=clock.now() + LEASE
        )
        if started:
            message.attempts += 1
            with Heartbeat(lambda: _extend(delivery), every=LEASE / 4):
                _consume(delivery, message, function, options, reraise=reraise)


def _extend(delivery: _Delivery) -> None:
    mine = OutboxMessage.objects.filter(pk=delivery.message_id, status=Status.LEASED, lease_token=delivery.token)
    mine.update(leased_until=clock.now() + LEASE)


def _consume(
    delivery: _Delivery, message: OutboxMessage, function: ConsumerFunction, options: ConsumerOptions, *, reraise: bool
) -> None:
    reset = _delivery.set(delivery)
    try:
        if options.atomic:
            with transaction.atomic():
                function(message.payload)
                complete()
        else:
            function(message.payload)
            _finish(delivery, status=Status.DONE)
    except RetryLater as later:
        _finish(delivery, status=Status.READY, due_at=clock.now() + later.delay, attempts=message.attempts - 1)
    except LeaseLost:
        logger.warning("outbox lease lost", extra={"outbox_message": str(message.pk), "task": message.task})
    except Exception as error:
        attempts = message.attempts
        if isinstance(error, options.outlasts):
            attempts = min(attempts, options.max_attempts - MOST_DEATHS)
        if attempts >= options.max_attempts:
            _fail(delivery, message, error)
        else:
            logger.warning(
                "outbox attempt failed",
                extra={"outbox_message": str(message.pk), "task": message.task, "attempt": message.attempts},
                exc_info=True,
            )
            due_at = clock.now() + _backoff(message.attempts)
            _finish(delivery, status=Status.READY, due_at=due_at, attempts=attempts, last_error=_readable(error))
        if reraise:
            raise
    finally:
        _delivery.reset(reset)


def _fail(delivery: _Delivery, message: OutboxMessage, error: Exception) -> None:
    logger.error(
        "outbox message failed", extra={"outbox_message": str(message.pk), "task": message.task}, exc_info=error
    )
    _finish(delivery, status=Status.FAILED, last_error=_readable(error))


def _readable(error: Exception) -> str:
    return redacted(f"{type(error).__name__}: {error}")[:500]


def _backoff(attempts: int) -> timedelta:
    return timedelta(seconds=min(2**attempts, LONGEST_BACKOFF_SECONDS) * random.uniform(0.5, 1))  # noqa: S311 jitter


@dataclass(frozen=True, slots=True)
class Lease:
    message_id: UUID
    token: UUID
    time_limit: timedelta


# Without MATERIALIZED some plans ask the subquery anew for each row, and lease more than the limit.
LEASE_SQL = """
WITH due AS MATERIALIZED (
    SELECT id FROM insure_common_outboxmessage WHERE status = 'READY' AND due_at <= %(now)s
    ORDER BY priority, due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE insure_common_outboxmessage SET status = 'LEASED', lease_token = %(token)s, leased_until = %(until)s
WHERE id IN (SELECT id FROM due) RETURNING id, task, priority, due_at
"""


def lease_due(*, limit: int) -> list[Lease]:
    """Lease up to `limit` due messages for the hand-over to a worker, the most urgent first."""
    now, token = clock.now(), new_id()
    until = now + timedelta(seconds=CommonSettings.load().HANDOVER_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(LEASE_SQL, {"token": token, "until": until, "now": now, "limit": limit})
        rows = sorted(cursor.fetchall(), key=lambda row: row[2:])
    return [Lease(message_id=row[0], token=token, time_limit=_time_limit_of(row[1])) for row in rows]


def handed_over() -> int:
    """How many messages are with the broker and the workers."""
    return OutboxMessage.objects.filter(status=Status.LEASED).count()


def waiting() -> QuerySet[OutboxMessage]:
    """The messages that no worker has begun: they wait in the database, or in the broker for their first attempt."""
    return OutboxMessage.objects.filter(Q(status=Status.READY) | Q(status=Status.LEASED, attempts=0))


def _time_limit_of(task: str) -> timedelta:
    try:
        return find_consumer(task)[1].time_limit
    except ImproperlyConfigured:
        return timedelta(seconds=60)


def give_back(leases: list[Lease]) -> None:
    """Return messages that could not be handed over, and those that a broker in trouble may have lost.

    Whatever no worker has begun becomes READY again; a copy that comes after all is left alone.
    """
    for lease in leases:
        _finish(_Delivery(lease.message_id, lease.token), status=Status.READY)
    handed_over = OutboxMessage.objects.filter(status=Status.LEASED, attempts=0)
    handed_over.update(status=Status.READY, lease_token=None, leased_until=None)


def reclaim_expired() -> int:
    """Return the messages whose lease ran out, because the broker or the worker lost them."""
    expired = OutboxMessage.objects.filter(status=Status.LEASED, leased_until__lt=clock.now())
    return expired.update(status=Status.READY, lease_token=None, leased_until=None)


def drain(*, reraise: bool = False, limit: int | None = None) -> int:
    """Consume due messages in this process, one after the other, until none is due; returns how many.

    For when no worker or no broker is there; workers may run meanwhile. With `reraise` what a consumer raised.
    """
    consumed = 0
    while (limit is None or consumed < limit) and (leases := lease_due(limit=1)):
        run_message(leases[0].message_id, leases[0].token, reraise=reraise)
        consumed += 1
    return consumed


def retry_failed(*, task: str | None = None) -> int:
    """Make every FAILED message, or those of one consumer, due again with fresh attempts; returns how many."""
    failed = OutboxMessage.objects.filter(status=Status.FAILED, **({"task": task} if task else {}))
    return failed.update(status=Status.READY, finished_at=None, attempts=0, due_at=clock.now())


def purge() -> int:
    """Delete, in batches, what was done long ago and outdated idempotency keys; returns how many rows."""
    settings, now = CommonSettings.load(), clock.now()
    return delete_in_batches(
        OutboxMessage.objects.filter(
            status=Status.DONE, finished_at__lt=now - timedelta(days=settings.OUTBOX_KEEP_DAYS)
        ),
        IdempotencyKey.objects.filter(created_at__lt=now - timedelta(hours=settings.IDEMPOTENCY_KEEP_HOURS)),
    )
