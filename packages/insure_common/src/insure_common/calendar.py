"""Business days of Colombia: Monday to Friday, but for the national holidays."""

from datetime import date, timedelta
from functools import cache

from holidays import country_holidays

SATURDAY = 5
ONE_DAY = timedelta(days=1)


def is_business_day(day: date) -> bool:
    """Whether offices and banks work on `day`, a calendar day in Bogota."""
    return day.weekday() < SATURDAY and day not in _holidays_of(day.year)


def add_business_days(day: date, count: int) -> date:
    """The `count`-th business day after `day`, which itself is never counted; `day` unchanged for 0.

    Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError("business days are counted forwards")
    while count:
        day += ONE_DAY
        count -= is_business_day(day)
    return day


@cache
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(country_holidays("CO", years=year))
