"""Public identifiers."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUIDv7: unguessable enough to publish, ascending within a process.

    Never order "everything since" by it: ids are not in commit order.
    """
    return uuid7()
