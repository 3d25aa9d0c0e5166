"""The one clock: the database's. Every time that decides something comes from here and is passed into SQL.

A process takes the database's time over with each new connection and goes on from there by its monotonic clock. So the
processes agree with each other, whatever the clocks of their hosts say. Before the first connection it is the host's.
"""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import BaseDatabaseWrapper

BOGOTA = ZoneInfo("America/Bogota")

_zero: datetime | None = None
"""What the database's clock showed when the monotonic clock of this process stood at zero."""
_offset = timedelta()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    moment = datetime.now(UTC) if _zero is None else _zero + timedelta(seconds=time.monotonic())
    return moment + _offset


def today() -> date:
    """The present business day: the calendar day in Bogota."""
    return now().astimezone(BOGOTA).date()


def follow(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Take over the time of a new connection's database; a receiver of `connection_created`."""
    global _zero
    if connection.alias != DEFAULT_DB_ALIAS:
        return
    asked_at = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    answered_at = time.monotonic()
    # The database looked at its clock somewhere between; what fits that already is not corrected back and forth.
    earliest, latest = moment - timedelta(seconds=answered_at), moment - timedelta(seconds=asked_at)
    _zero = latest if _zero is None else min(max(_zero, earliest), latest)


def travel(delta: timedelta) -> None:
    """Move this process's clock; for tests only (fixture `clock` of insure_common.testing.plugin)."""
    global _offset
    _offset += delta


def reset() -> None:
    """Undo every `travel`."""
    global _offset
    _offset = timedelta()
