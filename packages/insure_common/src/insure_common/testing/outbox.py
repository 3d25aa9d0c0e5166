"""Deliver what the outbox holds without a broker."""

from insure_common import outbox
from insure_common.models import OutboxMessage


def drain(*, reraise: bool = True, limit: int = 1000) -> int:
    """Consume due messages one after the other until none is due; returns how many.

    Raises what a consumer raised, unless `reraise` is off; then its message waits for its next attempt or is FAILED.
    """
    consumed = 0
    while consumed < limit and (leases := outbox.lease_due(limit=1)):
        for lease in leases:
            outbox.run_message(lease.message_id, lease.token, reraise=reraise)
            consumed += 1
    return consumed


def pending() -> list[tuple[str, str]]:
    """(task, status) of everything that is not DONE."""
    rows = OutboxMessage.objects.exclude(status=OutboxMessage.Status.DONE).order_by("created_at")
    return list(rows.values_list("task", "status"))
