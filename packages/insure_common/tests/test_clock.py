from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from insure_common import clock

pytestmark = pytest.mark.django_db(transaction=True)
MINUTES = timedelta(minutes=10)


def database_time():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES])
def test_host_with_a_wrong_clock_follows_the_database(ahead):
    right = database_time()
    with time_machine.travel(datetime.now(UTC) + ahead):
        connection.close()
        connection.ensure_connection()
        assert abs(clock.now() - right) < timedelta(seconds=5)


def test_host_whose_clock_is_set_back_goes_on():
    connection.ensure_connection()
    before = clock.now()
    with time_machine.travel(datetime.now(UTC) - MINUTES):
        assert clock.now() >= before


def test_slow_answer_moves_nothing(monkeypatch):
    connection.ensure_connection()
    zero = clock._zero
    ticks = iter([clock.time.monotonic() - 3, clock.time.monotonic() + 3])
    monkeypatch.setattr(clock.time, "monotonic", lambda: next(ticks))
    clock.follow(connection)
    monkeypatch.undo()
    assert clock._zero == zero


def test_time_follows_a_database_whose_clock_was_set(monkeypatch):
    monkeypatch.setattr(clock, "_zero", clock._zero - MINUTES)
    connection.close()
    assert abs(database_time() - clock.now()) < timedelta(seconds=1)
