"""Months close once nothing can be posted into them any more, and then they never change."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from pypdf import PdfReader

from insure_common import outbox
from insure_common.ids import new_id
from insure_common.outbox import RetryLater
from insure_payments.enums import AccountKind, EntryKind
from insure_payments.models import Entry, Statement, StatementPeriod
from insure_payments.periods import month_after, month_before, month_of, start_of
from insure_payments.selectors.statements import lines_of, statements_visible_to
from insure_payments.selectors.verification import verify_ledger
from insure_payments.services import close_statements as closing
from insure_payments.services.close_statements import close_statements
from insure_payments.services.post_entry import Draft, Leg, post_entry
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db(transaction=True)

GRACE = timedelta(minutes=31)


def post(user, amount, kind=EntryKind.CHARGE):
    house = AccountKind.PREMIUM if kind == EntryKind.CHARGE else AccountKind.CLEARING
    legs = (Leg(amount, user_id=user.pk), Leg(-amount, house))
    with transaction.atomic():
        return Entry.objects.get(pk=post_entry(Draft(kind, "TEST", str(new_id()), "Prima", "COP", legs)))


def travel_to(clock, moment):
    clock.travel(moment - clock.now())


@pytest.fixture
def month(clock):
    """The month that the test begins in, on its tenth day."""
    period = month_after(clock.today().replace(day=1))
    travel_to(clock, start_of(period) + timedelta(days=9))
    return period


def end_month(clock, period):
    travel_to(clock, start_of(month_after(period)) + GRACE)


def figures(user):
    return [
        (statement.period, statement.opening_in_cents, statement.charged, statement.paid, statement.closing)
        for statement in statements_visible_to(user).order_by("period")
    ]


def wrong_statements():
    """What the ledger's verification says of statements; these postings have no charges and payments behind them."""
    name = "closed statements that are not what the ledger says: "
    return [problem.removeprefix(name) for problem in verify_ledger().problems if problem.startswith(name)]


def test_month_closes_for_every_account_that_there_is(clock, month, user):
    idle = factories.make_user()
    post(user, 1000)
    post(idle, 300)
    end_month(clock, month)
    assert close_statements() == 2
    post(user, 500)
    post(user, -200, EntryKind.PAYMENT)
    second = month_after(month)
    end_month(clock, second)
    assert close_statements() == 2
    assert figures(user) == [(month, 0, 1000, 0, 1000), (second, 1000, 500, 200, 1300)]
    assert figures(idle) == [(month, 0, 300, 0, 300), (second, 300, 0, 0, 300)]
    assert not Statement.objects.filter(closed_at=None).exists()
    assert not wrong_statements()


def test_figures_are_the_same_before_and_after_closing(clock, month, user):
    post(user, 1000)
    post(user, -400, EntryKind.PAYMENT)
    so_far = figures(user)
    end_month(clock, month)
    close_statements()
    assert figures(user) == so_far
    statement = statements_visible_to(user).get()
    assert [line.amount_in_cents for line in lines_of(statement)] == [1000, -400]


def test_month_that_is_not_over_stays_open(clock, month, user):
    post(user, 1000)
    assert close_statements() == 0
    travel_to(clock, start_of(month_after(month)) + GRACE - timedelta(minutes=2))
    assert close_statements() == 0
    assert not StatementPeriod.objects.exists()


def test_second_closing_changes_nothing(clock, month, user):
    post(user, 1000)
    end_month(clock, month)
    close_statements()
    rows = list(Statement.objects.values())
    assert close_statements() == 0
    assert list(Statement.objects.values()) == rows


def test_months_that_were_missed_close_in_their_order(clock, month, user):
    post(user, 1000)
    third = month_after(month_after(month))
    end_month(clock, third)
    post(user, 70)
    assert close_statements() == 3
    assert [row[0] for row in figures(user)] == [month, month_after(month), third, month_after(third)]
    assert [row[4] for row in figures(user)] == [1000, 1000, 1000, 1070]


def test_account_made_later_has_no_statement_of_the_month(clock, month, user):
    post(user, 1000)
    end_month(clock, month)
    late = factories.make_user()
    post(late, 10)
    assert close_statements() == 1
    assert figures(late) == [(month_after(month), 0, 10, 0, 10)]


def test_without_accounts_there_is_nothing_to_close(clock):
    assert close_statements() == 0


def test_closing_goes_on_where_it_was(clock, month, user, monkeypatch):
    monkeypatch.setattr(closing, "BATCH", 2)
    monkeypatch.setattr(closing, "SLICE", timedelta(0))
    for account in (user, *(factories.make_user() for _ in range(4))):
        post(account, 1000)
    end_month(clock, month)
    for done in (2, 4):
        with pytest.raises(RetryLater):
            close_statements()
        assert Statement.objects.exclude(closed_at=None).count() == done
    with pytest.raises(RetryLater):
        close_statements()
    assert close_statements() == 0
    assert StatementPeriod.objects.get().statements == Statement.objects.exclude(closed_at=None).count() == 5


def test_posting_that_was_under_way_is_waited_for(clock, month, user):
    post(user, 1000)
    travel_to(clock, start_of(month_after(month)) - timedelta(seconds=5))
    posted, may_commit = threading.Event(), threading.Event()

    def post_slowly():
        with transaction.atomic():
            post(user, 77)
            posted.set()
            assert may_commit.wait(20)
        connection.close()

    with ThreadPoolExecutor(1) as other:
        slow = other.submit(post_slowly)
        assert posted.wait(20)
        end_month(clock, month)
        with pytest.raises(RetryLater):
            close_statements()
        assert not Statement.objects.exclude(closed_at=None).exists()
        may_commit.set()
        slow.result(20)
    close_statements()
    assert figures(user) == [(month, 0, 1077, 0, 1077)]


def test_posting_after_the_month_was_shut_lands_in_the_next_one(clock, month, user):
    post(user, 1000)
    end_month(clock, month)
    close_statements()
    travel_to(clock, start_of(month_after(month)) - timedelta(seconds=5))
    entry = post(user, 77)
    assert month_of(entry.posted_at) == month_after(month)
    other = post(factories.make_user(), 5)
    assert month_of(other.posted_at) == month_after(month)
    assert figures(user) == [(month, 0, 1000, 0, 1000), (month_after(month), 1000, 77, 0, 1077)]
    assert not wrong_statements()


def insert_entry(posted_at):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO insure_payments_entry (id, kind, source, external_id, description, posted_at, lines_count) "
            "VALUES (%s, 'CHARGE', 'SQL', '1', '', %s, 2)",
            [new_id(), posted_at],
        )


def test_raw_sql_cannot_post_into_a_month_that_is_shut(clock, month, user):
    post(user, 1000)
    end_month(clock, month)
    close_statements()
    with pytest.raises(IntegrityError, match="shut"), transaction.atomic():
        insert_entry(start_of(month_after(month)) - timedelta(microseconds=1))


def test_entries_are_not_posted_on_an_old_snapshot(clock, month):
    with pytest.raises(IntegrityError, match="read committed"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        insert_entry(clock.now())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE insure_payments_statement SET charges_in_cents = 1, closing_in_cents = opening_in_cents + 1",
        "UPDATE insure_payments_statement SET closed_at = NULL, end_seq = NULL, charges_in_cents = NULL, "
        "payments_in_cents = NULL, closing_in_cents = NULL",
        "DELETE FROM insure_payments_statement",
    ],
)
def test_raw_sql_cannot_change_a_closed_statement(clock, month, user, change):
    post(user, 1000)
    end_month(clock, month)
    close_statements()
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_statement_that_does_not_add_up_is_refused(clock, month, user):
    post(user, 1000)
    with pytest.raises(IntegrityError, match="figures"), transaction.atomic():
        Statement.objects.update(
            closed_at=clock.now(), end_seq=2, charges_in_cents=1000, payments_in_cents=0, closing_in_cents=999
        )
    with pytest.raises(IntegrityError, match="figures"), transaction.atomic():
        Statement.objects.update(closed_at=clock.now())


def test_verification_names_a_closed_statement_that_is_wrong(clock, month, user):
    post(user, 1000)
    end_month(clock, month)
    close_statements()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE insure_payments_statement DISABLE TRIGGER closed")
        cursor.execute("UPDATE insure_payments_statement SET charges_in_cents = 1, closing_in_cents = 1")
        cursor.execute("ALTER TABLE insure_payments_statement ENABLE TRIGGER closed")
    assert wrong_statements() == [str(Statement.objects.get().pk)]


def test_pdf_of_a_closed_month_is_made_once(clock, month, user, api):
    api.force_authenticate(user)
    post(user, 1000_00)
    statement = Statement.objects.get()
    path = f"/api/v1/statements/{statement.pk}/pdf/"
    assert b"".join(api.get(path).streaming_content).startswith(b"%PDF-")
    statement.refresh_from_db()
    assert statement.path == ""
    end_month(clock, month)
    close_statements()
    first = b"".join(api.get(path).streaming_content)
    second = b"".join(api.get(path).streaming_content)
    statement.refresh_from_db()
    assert first == second
    assert hashlib.sha256(first).hexdigest() == statement.sha256
    assert "$ 1.000 COP" in PdfReader(BytesIO(first)).pages[0].extract_text()
    default_storage.delete(statement.path)
    assert api.get(path).status_code == 503


def test_schedule_closes_months(clock, month, user, drain_outbox):
    post(user, 1000)
    end_month(clock, month)
    outbox.enqueue("insure_payments.tasks.close_statements_task", payload={})
    drain_outbox()
    assert StatementPeriod.objects.get(closed_at__isnull=False).period == month


def test_months_are_those_of_bogota():
    assert month_of(datetime(2026, 12, 1, 4, 59, tzinfo=UTC)) == date(2026, 11, 1)
    assert start_of(date(2026, 12, 1)) == datetime(2026, 12, 1, 5, tzinfo=UTC)
    assert (month_after(date(2026, 12, 1)), month_before(date(2026, 1, 1))) == (date(2027, 1, 1), date(2025, 12, 1))


def test_statement_made_by_closing_has_an_id_like_all_others(clock, month, user):
    post(user, 1000)
    second = month_after(month)
    end_month(clock, second)
    close_statements()
    made = Statement.objects.get(period=second)
    assert (made.pk.version, made.pk.variant) == (7, user.pk.variant)
    assert (made.first_seq, made.end_seq) == (2, 2)
