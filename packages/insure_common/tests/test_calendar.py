from datetime import date

import pytest

from insure_common.calendar import add_business_days, is_business_day


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 1, 1), False),  # fixed: New Year
        (date(2026, 1, 2), True),
        (date(2026, 1, 6), True),  # Epiphany, kept on the Monday after (Ley 51 de 1983)
        (date(2026, 1, 12), False),
        (date(2026, 4, 2), False),  # Maundy Thursday and Good Friday follow Easter
        (date(2026, 4, 3), False),
        (date(2026, 5, 18), False),  # Ascension, moved to Monday
        (date(2026, 7, 20), False),
        (date(2026, 12, 7), True),
        (date(2026, 12, 8), False),
        (date(2026, 11, 21), False),  # a Saturday
        (date(2026, 11, 22), False),  # a Sunday
        (date(2049, 12, 8), False),  # years far ahead are known too
    ],
)
def test_holidays_and_weekends_are_no_business_days(day, expected):
    assert is_business_day(day) is expected


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
        (date(2026, 11, 23), 1, date(2026, 11, 24)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),  # over a weekend
        (date(2026, 11, 21), 1, date(2026, 11, 23)),  # received on a Saturday
        (date(2026, 4, 1), 1, date(2026, 4, 6)),  # over Easter
        (date(2026, 11, 25), 10, date(2026, 12, 10)),  # over 8 December
        (date(2026, 12, 18), 15, date(2027, 1, 13)),  # over the end of the year and both holidays of January
    ],
)
def test_business_days_are_added_over_weekends_and_holidays(start, count, expected):
    assert add_business_days(start, count) == expected


def test_business_days_are_not_counted_backwards():
    with pytest.raises(ValueError, match="forwards"):
        add_business_days(date(2026, 1, 1), -1)
