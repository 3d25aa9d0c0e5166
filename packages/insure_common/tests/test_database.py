import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar

import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError, connection, connections, transaction
from django.db.models import F

from insure_common.database import advisory_lock, grant_application_role, retried, run
from insure_common.models import OutboxMessage
from project.models import Note

pytestmark = pytest.mark.django_db


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql", ["UPDATE project_note SET text = 'x'", "DELETE FROM project_note", "TRUNCATE project_note"]
)
def test_append_only_table_refuses_even_its_owner(sql):
    Note.objects.create(text="kept")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        execute(sql)
    assert Note.objects.get().text == "kept"


@pytest.fixture
def application_role():
    execute("CREATE ROLE insure_test_app")
    grant_application_role(connection, role="insure_test_app")
    execute("SET LOCAL ROLE insure_test_app")
    yield
    execute("RESET ROLE")


@pytest.mark.usefixtures("application_role")
def test_application_role_works_but_cannot_change_what_is_append_only():
    OutboxMessage.objects.create(task="a", payload={}, priority=5)
    OutboxMessage.objects.all().delete()
    Note.objects.create(text="added")
    for sql in (
        "UPDATE project_note SET text = 'x'",
        "DELETE FROM project_note",
        "TRUNCATE project_note",
        "TRUNCATE insure_common_outboxmessage",
        "ALTER TABLE project_note DISABLE TRIGGER append_only",
        "DELETE FROM django_migrations",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            execute(sql)


def test_lock_is_held_until_the_transaction_ends():
    assert advisory_lock("account", 1, wait=False)
    assert advisory_lock("account", 1, wait=False)


FAIL = "DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{}'; END $$"


class Flaky:
    """A transaction that PostgreSQL ends with each of these codes, one a run, before it goes through."""

    def __init__(self, *codes):
        self.codes, self.runs = list(codes), 0

    def run(self):
        with transaction.atomic():
            self.runs += 1
            Note.objects.create(text=f"run {self.runs}")
            seen.set(self.runs)
            if self.codes:
                execute(FAIL.format(self.codes.pop(0)))
        return self.runs


seen = ContextVar("seen", default=0)


@pytest.mark.django_db(transaction=True)
def test_deadlock_and_failed_serialization_are_repeated_as_a_whole_transaction():
    assert retried(Flaky("40P01", "40001", "40P01").run)() == 4
    assert Note.objects.get().text == "run 4"


@pytest.mark.django_db(transaction=True)
def test_repeats_are_bounded_and_leave_nothing_behind():
    flaky = Flaky("40P01", "40P01", "40P01", "40P01")
    with pytest.raises(OperationalError):
        retried(flaky.run)()
    assert flaky.runs == 4
    assert not Note.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", ["57014", "55P03"])
def test_other_failures_are_not_repeated(code):
    flaky = Flaky(code)
    with pytest.raises(OperationalError):
        retried(flaky.run)()
    assert flaky.runs == 1


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_nothing_is_repeated():
    flaky = Flaky("40P01")
    with pytest.raises(OperationalError), transaction.atomic():
        retried(flaky.run)()
    assert flaky.runs == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_failed_run_set_in_context_is_forgotten():
    found = []

    def remembers():
        found.append(seen.get())
        return flaky.run()

    flaky = Flaky("40001")
    seen.set(0)
    retried(remembers)()
    assert found == [0, 0]
    assert seen.get() == 2


@pytest.mark.django_db(transaction=True)
def test_two_transactions_that_lock_each_other_out_both_go_through():
    messages = [OutboxMessage.objects.create(task="a", payload={}, priority=5) for _ in range(2)]
    both_hold_one = threading.Barrier(2, timeout=10)

    @retried
    def lock(first, second):
        with transaction.atomic():
            OutboxMessage.objects.filter(pk=first.pk).update(attempts=F("attempts") + 1)
            if not both_hold_one.broken:
                with suppress(threading.BrokenBarrierError):
                    both_hold_one.wait()
                    both_hold_one.abort()
            OutboxMessage.objects.filter(pk=second.pk).update(attempts=F("attempts") + 1)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(lock, *messages), pool.submit(lock, *reversed(messages))]:
            done.result()
    assert {message.attempts for message in OutboxMessage.objects.all()} == {2}


@pytest.mark.django_db(transaction=True)
def test_connection_that_the_server_closed_meanwhile_is_replaced(monkeypatch):
    [(before,)] = run("SELECT pg_backend_pid()", [])
    monkeypatch.setattr(connections["default"], "health_check_enabled", True)
    monkeypatch.setattr(connections["default"], "health_check_done", False)

    def restart():
        run("SELECT pg_terminate_backend(%s)", [before])
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(restart).result()
    time.sleep(0.2)
    [(after,)] = run("SELECT pg_backend_pid()", [])
    assert after != before
