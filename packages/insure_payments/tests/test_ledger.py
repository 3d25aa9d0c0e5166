import pytest
from django.db import IntegrityError, connection, transaction

from insure_common import batch, clock
from insure_common.ids import new_id
from insure_payments.enums import AccountKind, EntryKind
from insure_payments.models import Account, Entry, Line
from insure_payments.services.post_entry import Draft, Leg, post_entries, post_entry, reversal_of
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db


def draft(user, amount=1000, *, external_id="1", legs=None):
    legs = legs or (Leg(amount, user_id=user.pk), Leg(-amount, AccountKind.PREMIUM))
    return Draft(EntryKind.CHARGE, "TEST", external_id, "Prima", "COP", legs)


@pytest.fixture
def posted(user):
    with transaction.atomic():
        entry_id = post_entry(draft(user))
    connection.check_constraints()
    return Entry.objects.get(pk=entry_id)


def execute(sql, params=()):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def is_refused(statement):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        execute(statement)


def test_entry_moves_the_balance_and_has_its_place(user):
    with transaction.atomic():
        post_entries([draft(user, 1000, external_id="1"), draft(user, 500, external_id="2")])
    account = Account.objects.get(user=user)
    assert (account.balance_in_cents, account.last_seq) == (1500, 2)
    lines = Line.objects.filter(account=account).order_by("account_seq")
    assert [(line.account_seq, line.balance_after_in_cents) for line in lines] == [(1, 1000), (2, 1500)]


def test_entries_of_several_statements_follow_each_other(user, monkeypatch):
    monkeypatch.setattr("insure_payments.services.post_entry.MOST_DRAFTS", 2)
    with transaction.atomic(), batch.together():
        posted = post_entries([draft(user, amount, external_id=str(amount)) for amount in range(1, 6)])
    connection.check_constraints()
    lines = Line.objects.filter(account__user=user).order_by("account_seq")
    assert [line.entry_id for line in lines] == posted
    assert [line.balance_after_in_cents for line in lines] == [1, 3, 6, 10, 15]


def test_client_may_have_several_lines_of_one_entry(user):
    legs = (Leg(700, user_id=user.pk), Leg(300, user_id=user.pk), Leg(-1000, AccountKind.PREMIUM))
    with transaction.atomic():
        post_entry(draft(user, legs=legs))
    connection.check_constraints()
    lines = Line.objects.filter(account__user=user).order_by("account_seq")
    assert [(line.amount_in_cents, line.balance_after_in_cents) for line in lines] == [(700, 700), (300, 1000)]


def test_entry_may_move_house_accounts_alone(user):
    with transaction.atomic():
        entry_id = post_entry(draft(user, legs=(Leg(5, AccountKind.CLEARING), Leg(-5, AccountKind.PREMIUM))))
    connection.check_constraints()
    lines = Line.objects.filter(entry=entry_id).order_by("pk")
    assert [(line.account.kind, line.amount_in_cents) for line in lines] == [("CLEARING", 5), ("PREMIUM", -5)]


def test_entry_moves_the_account_of_one_client(user):
    legs = (Leg(5, user_id=user.pk), Leg(-5, user_id=factories.make_user().pk))
    with transaction.atomic(), pytest.raises(ValueError, match="one client"):
        post_entry(draft(user, legs=legs))


def test_house_accounts_carry_no_balance(posted):
    house = Account.objects.get(kind=AccountKind.PREMIUM)
    assert (house.balance_in_cents, house.last_seq) == (None, None)


def test_unbalanced_entry_does_not_commit(user):
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        post_entry(draft(user, legs=(Leg(1000, user_id=user.pk), Leg(-999, AccountKind.PREMIUM))))
        connection.check_constraints()


def test_one_cause_posts_once(user, posted):
    with pytest.raises(IntegrityError), transaction.atomic():
        post_entry(draft(user))
    assert Entry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_entries_are_posted_in_a_transaction_only(user):
    with pytest.raises(transaction.TransactionManagementError):
        post_entry(draft(user))


def test_entry_is_taken_back_once_by_a_linked_one(user, posted):
    with transaction.atomic():
        reversal_id = post_entry(reversal_of(posted, source="TEST", external_id="1"))
    assert posted.reversal.pk == reversal_id
    assert Account.objects.get(user=user).balance_in_cents == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        post_entry(reversal_of(posted, source="TEST", external_id="2"))


@pytest.mark.parametrize("table", ["entry", "line"])
@pytest.mark.parametrize(
    "statement", ["UPDATE insure_payments_{} SET posted_at = now()", "DELETE FROM insure_payments_{}"]
)
def test_raw_sql_cannot_change_what_is_posted(posted, table, statement):
    is_refused(statement.format(table))


@pytest.mark.parametrize("table", ["entry", "line"])
def test_raw_sql_cannot_empty_the_ledger(posted, table):
    is_refused(f"TRUNCATE insure_payments_{table} CASCADE")


INSERT_LINE = """
INSERT INTO insure_payments_line
  (id, entry_id, account_id, amount_in_cents, currency, posted_at, account_seq, balance_after_in_cents)
SELECT %s, %s, account.id, %s, %s, entry.posted_at, %s, %s
FROM insure_payments_entry entry, insure_payments_account account WHERE entry.id = %s AND account.kind = %s
"""


def insert_line(entry, amount, *, kind="PREMIUM", currency="COP", seq=None, balance=None):
    execute(INSERT_LINE, (new_id(), entry, amount, currency, seq, balance, entry, kind))


def insert_entry(lines_count):
    number = new_id()
    execute(
        "INSERT INTO insure_payments_entry (id, kind, source, external_id, description, posted_at, lines_count) "
        "VALUES (%s, 'CHARGE', 'SQL', %s, '', %s, %s)",
        (number, str(number), clock.now(), lines_count),
    )
    return number


def commit_is_refused(write, match):
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        write()
        connection.check_constraints()


def test_raw_sql_cannot_add_a_balanced_pair_to_a_posted_entry(posted):
    def write():
        insert_line(posted.pk, 5)
        insert_line(posted.pk, -5)

    commit_is_refused(write, "has 4 lines")


def test_raw_sql_cannot_post_an_entry_without_lines(posted):
    commit_is_refused(lambda: insert_entry(2), "has 0 lines")


def test_raw_sql_cannot_post_one_leg(posted):
    def write():
        entry = insert_entry(2)
        insert_line(entry, 5)
        insert_line(entry, -4)

    commit_is_refused(write, "does not balance")


def test_raw_sql_cannot_balance_one_currency_with_another(posted):
    def write():
        entry = insert_entry(2)
        insert_line(entry, 5)
        insert_line(entry, -5, currency="USD")

    commit_is_refused(write, "does not balance")


@pytest.mark.parametrize(("seq", "balance"), [(None, None), (2, 999), (3, 1005), (2, 1005)])
def test_raw_sql_cannot_break_the_chain_of_an_account(posted, seq, balance):
    """Without a place, with a wrong balance, after a gap, or without moving the account itself."""

    def write():
        entry = insert_entry(2)
        insert_line(entry, 5, kind="CLIENT", seq=seq, balance=balance)
        insert_line(entry, -5)

    commit_is_refused(write, "does not fit its account")


@pytest.mark.parametrize("change", ["balance_in_cents = 0", "last_seq = 0, balance_in_cents = 0", "last_seq = 7"])
def test_raw_sql_cannot_change_a_balance(posted, change):
    commit_is_refused(
        lambda: execute(f"UPDATE insure_payments_account SET {change} WHERE kind = 'CLIENT'"), "its last line"
    )


def test_raw_sql_cannot_give_an_account_to_somebody_else(posted):
    other = factories.make_user()
    commit_is_refused(
        lambda: execute("UPDATE insure_payments_account SET user_id = %s WHERE kind = 'CLIENT'", (other.pk,)), "belongs"
    )
