"""Signs of life of the background processes: rows, so that any process can see whether another kind is alive.

The relay writes its own. A worker's is a task from the relay, beat's a task of its schedule, and a worker writes both.
So with a fresh one of the relay, a worker's stale one means that nothing comes through the broker; with a worker's
fresh one, beat's stale one means that beat is gone.
"""

from datetime import timedelta

from insure_common import clock
from insure_common.models import ProcessLife

RELAY, WORKER, BEAT = "relay", "worker", "beat"
PROCESSES = (RELAY, WORKER, BEAT)
RELAY_INTERVAL = 10.0
EXPIRES = 60.0
"""Seconds; a sign of life that waited longer in the broker tells nothing."""


def show_life(process: str) -> None:
    """Write down that a process of this kind is alive."""
    ProcessLife.objects.bulk_create(
        [ProcessLife(process=process, seen_at=clock.now())],
        update_conflicts=True,
        unique_fields=["process"],
        update_fields=["seen_at"],
    )


def ages() -> dict[str, timedelta | None]:
    """The age of the latest sign of life of each kind of process; None if there never was one."""
    seen = dict(ProcessLife.objects.values_list("process", "seen_at"))
    now = clock.now()
    return {process: now - seen[process] if process in seen else None for process in PROCESSES}
