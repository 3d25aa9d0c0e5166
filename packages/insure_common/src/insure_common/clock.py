"""The one clock. Every time that decides something comes from here and is passed into SQL."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

BOGOTA = ZoneInfo("America/Bogota")

_offset = timedelta()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + _offset


def today() -> date:
    """The present business day: the calendar day in Bogota."""
    return now().astimezone(BOGOTA).date()


def travel(delta: timedelta) -> None:
    """Move this process's clock; for tests only (fixture `clock` of insure_common.testing.plugin)."""
    global _offset
    _offset += delta


def reset() -> None:
    """Undo every `travel`."""
    global _offset
    _offset = timedelta()
