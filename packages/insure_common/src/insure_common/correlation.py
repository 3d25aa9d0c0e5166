"""Who asked and under which number: the correlation id and the client address of the work in progress.

Both follow the work from HTTP through the outbox into Celery, logs, audit and calls to other systems.
"""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from insure_common.ids import new_id

_correlation_id: ContextVar[UUID | None] = ContextVar("insure_correlation_id", default=None)
_client_address: ContextVar[str | None] = ContextVar("insure_client_address", default=None)


def correlation_id() -> UUID | None:
    return _correlation_id.get()


def client_address() -> str | None:
    return _client_address.get()


def caller() -> str:
    """Whom limits per client address count: the address, or the /64 of an IPv6 one, which is one customer."""
    address = client_address()
    if address and ":" in address:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address or "unknown"


@contextmanager
def bound(*, correlation_id: UUID | None = None, client_address: str | None = None) -> Iterator[UUID]:
    """Bind both for a block of work and yield the correlation id; without one a new id is made."""
    number = correlation_id or new_id()
    tokens = (_correlation_id.set(number), _client_address.set(client_address))
    try:
        yield number
    finally:
        _correlation_id.reset(tokens[0])
        _client_address.reset(tokens[1])
