"""Deliver what the outbox holds without a broker."""

from insure_common import outbox
from insure_common.models import OutboxMessage


def drain(*, reraise: bool = True, limit: int = 1000) -> int:
    """`insure_common.outbox.drain`, raising what a consumer raised unless `reraise` is off."""
    return outbox.drain(reraise=reraise, limit=limit)


def pending() -> list[tuple[str, str]]:
    """(task, status) of everything that is not DONE."""
    rows = OutboxMessage.objects.exclude(status=OutboxMessage.Status.DONE).order_by("created_at")
    return list(rows.values_list("task", "status"))
