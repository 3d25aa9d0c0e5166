"""Gauges for monitoring, read from the database when they are asked for: right with any number of processes.

A package offers a function without arguments that returns gauges; the project names it in INSURE_COMMON["METRICS"] and
turns the gauges into whatever its monitoring reads.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from insure_common import clock, liveness, outbox
from insure_common.models import OutboxMessage

Status = OutboxMessage.Status


@dataclass(frozen=True, slots=True)
class Gauge:
    """Values of one kind: by the values of `labels`, in their order, or by `()` where there are none."""

    name: str
    help: str
    values: Mapping[tuple[str, ...], float]
    labels: tuple[str, ...] = ()


def seconds_since(moment: datetime | None) -> float:
    """Age for a gauge: 0 for None and for what lies in the future."""
    return max(0.0, (clock.now() - moment).total_seconds()) if moment else 0.0


def gauges() -> Iterable[Gauge]:
    """INSURE_COMMON["METRICS"]: the outbox and the background processes."""
    by_priority = outbox.waiting().values_list("priority")
    waiting = list(by_priority.annotate(Count("pk"), Min("due_at")).order_by())
    yield Gauge(
        "insure_outbox_ready",
        "Messages that no worker has begun.",
        {(str(priority),): count for priority, count, _ in waiting},
        labels=("priority",),
    )
    yield Gauge(
        "insure_outbox_oldest_due_seconds",
        "Time since the oldest message that waits became due.",
        {(str(priority),): seconds_since(oldest) for priority, _, oldest in waiting},
        labels=("priority",),
    )
    for status, text in (
        (Status.LEASED, "that are with the broker or a worker."),
        (Status.FAILED, "that have failed for good."),
    ):
        count = OutboxMessage.objects.filter(status=status).count()
        yield Gauge(f"insure_outbox_{status.lower()}", f"Messages {text}", {(): count})
    yield Gauge(
        "insure_process_seen_seconds",
        "Time since the last sign of life of any process of this kind.",
        {(process,): age.total_seconds() for process, age in liveness.ages().items() if age is not None},
        labels=("process",),
    )
