from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

import insure_common
from insure_common import clock as clock_module
from insure_common.conf import CommonSettings
from insure_common.ids import new_id
from insure_common.money import Money, cents_from_decimal


def test_package_is_the_installed_one():
    assert "site-packages" in insure_common.__file__ or Path(insure_common.__file__).parents[1].name == "src"


@pytest.mark.parametrize(("text", "cents"), [("0", 0), ("12", 1200), ("12.5", 1250), ("99999999999.99", 9999999999999)])
def test_decimal_pesos_become_cents(text, cents):
    assert cents_from_decimal(text) == cents


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1e5", "1_000", "1.234", "1.", ".5", " 1", "1\n", "١٢", "NaN", "123456789012", 12, None, True],
)
def test_other_forms_of_amounts_are_refused(text):
    with pytest.raises(ValueError, match="decimal amount"):
        cents_from_decimal(text)


@pytest.mark.parametrize(
    ("cents", "text"), [(123456700, "$ 1.234.567"), (50, "$ 0,50"), (-150000, "-$ 1.500"), (0, "$ 0")]
)
def test_money_is_shown_as_in_colombia(cents, text):
    assert Money(cents).display() == text


def test_business_day_is_that_of_bogota(monkeypatch):
    monkeypatch.setattr(clock_module, "now", lambda: datetime(2026, 3, 1, 4, 59, tzinfo=UTC))
    assert clock_module.today() == date(2026, 2, 28)


def test_clock_moves_and_comes_back(clock):
    before = clock.now()
    clock.travel(timedelta(days=1))
    assert clock.now() - before > timedelta(hours=23)
    clock.reset()
    assert clock.now() - before < timedelta(minutes=1)


def test_ids_ascend():
    ids = [new_id() for _ in range(100)]
    assert ids == sorted(ids)
    assert ids[0].version == 7


def test_unknown_and_invalid_settings_are_named_without_their_values(settings):
    settings.INSURE_COMMON = {"RELAY_AHEAD": "s3cret", "TYPO": 1}
    messages = [message.msg for message in checks.run_checks() if message.id == "insure_common.E001"]
    assert len(messages) == 2
    assert any("RELAY_AHEAD" in message for message in messages)
    assert any("TYPO" in message for message in messages)
    assert "s3cret" not in "".join(messages)
    with pytest.raises(ImproperlyConfigured, match="TYPO"):
        CommonSettings.load()
