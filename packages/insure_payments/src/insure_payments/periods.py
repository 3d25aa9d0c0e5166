"""Accounting days and months are those of Bogota."""

from datetime import date, datetime, time, timedelta

from insure_common import clock


def start_of(day: date) -> datetime:
    """The moment at which a day begins."""
    return datetime.combine(day, time.min, tzinfo=clock.BOGOTA)


def month_of(moment: datetime) -> date:
    """The first day of the month in which a moment lies."""
    return moment.astimezone(clock.BOGOTA).date().replace(day=1)


def month_after(period: date) -> date:
    """The first day of the next month."""
    return (period + timedelta(days=31)).replace(day=1)


def month_before(period: date) -> date:
    """The first day of the month before."""
    return (period - timedelta(days=1)).replace(day=1)
