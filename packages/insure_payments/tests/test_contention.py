"""Many settlements at once over few accounts, also while PostgreSQL refuses every fifth transaction."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import OperationalError, connection, transaction

from insure_common.testing.outbox import drain
from insure_payments.enums import AccountKind, EntryKind, TransactionStatus
from insure_payments.models import Account, Charge, CoreReport, Entry, Payment, Transaction
from insure_payments.public import verify_ledger
from insure_payments.services.post_entry import Draft, Leg, post_entry
from insure_payments.services.report_payment import report_payment
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db(transaction=True)

APPROVED, DECLINED, VOIDED = TransactionStatus.APPROVED, TransactionStatus.DECLINED, TransactionStatus.VOIDED

# A fifth of what writes a payment fails: half at once, half at the commit, when everything else has been done.
REFUSE_EVERY_FIFTH = """
CREATE SEQUENCE test_refusals;
CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('test_refusals') % 10 = 0 THEN
    RAISE EXCEPTION 'injected' USING ERRCODE = TG_ARGV[0];
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER test_deadlock AFTER UPDATE ON insure_payments_payment
  FOR EACH ROW EXECUTE FUNCTION test_refuse('40P01');
CREATE CONSTRAINT TRIGGER test_serialization AFTER UPDATE ON insure_payments_payment
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION test_refuse('40001');
"""
STOP_REFUSING = """
DROP TRIGGER test_deadlock ON insure_payments_payment;
DROP TRIGGER test_serialization ON insure_payments_payment;
DROP FUNCTION test_refuse();
DROP SEQUENCE test_refusals;
"""


@pytest.fixture
def refusals():
    with connection.cursor() as cursor:
        cursor.execute(REFUSE_EVERY_FIFTH)
    yield
    with connection.cursor() as cursor:
        cursor.execute(STOP_REFUSING)


def test_workers_that_report_one_payment_at_once_write_one_report(user, provider, core):
    payment = factories.make_payment(user=user, charges=[factories.make_charge(user=user, system="CASSE")])
    drain()
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=APPROVED))
    begin = threading.Barrier(4)

    def report():
        begin.wait()
        report_payment(payment_id=payment.pk)
        connection.close()

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = CoreReport.objects.get()
    assert report.reported_at is not None
    assert {key for key, _ in core.payments} == {str(report.pk)}


def test_first_postings_at_once_share_their_accounts():
    users = [factories.make_user() for _ in range(4)]
    begin = threading.Barrier(2 * len(users))

    def post(number):
        user = users[number % len(users)]
        legs = (Leg(100, user_id=user.pk), Leg(-100, AccountKind.PREMIUM))
        begin.wait()
        with transaction.atomic():
            post_entry(Draft(EntryKind.CHARGE, "TEST", str(number), "Prima", "COP", legs))
        connection.close()

    with ThreadPoolExecutor(2 * len(users)) as pool:
        list(pool.map(post, range(2 * len(users))))
    assert Account.objects.count() == len(users) + 1
    assert {account.balance_in_cents for account in Account.objects.filter(kind=AccountKind.CLIENT)} == {200}


def mixed_news(provider, *, payments, users):
    """News of opened payments, some of two charges: approved, declined, approved twice, approved and voided."""
    for number in range(payments):
        user = users[number % len(users)]
        charges = [factories.make_charge(user=user) for _ in range(1 + number % 2)]
        factories.make_payment(user=user, charges=charges)
    drain()
    news = []
    for number, first in enumerate(list(provider.transactions.values())):
        second = replace(first, provider_id=f"{first.provider_id}-again")
        approved, declined = replace(first, status=APPROVED), replace(first, status=DECLINED)
        news.append(
            (
                [approved],
                [declined, replace(second, status=APPROVED)],
                [approved, replace(second, status=APPROVED)],
                [approved, replace(first, status=VOIDED)],
            )[number % 4]
        )
    return news


def tell_all(news, *, threads=8):
    """Apply the news of each payment in its order, those of different payments at once; returns the failures."""
    failures = Counter()

    def tell(reports):
        try:
            for reported in reports:
                payment = Payment.objects.get(reference=reported.reference)
                settle_payment(payment_id=payment.pk, reported=reported)
        except OperationalError as error:
            failures[error.__cause__.sqlstate] += 1
            return reports
        finally:
            connection.close()
        return []

    with ThreadPoolExecutor(threads) as pool:
        left = [reports for reports in pool.map(tell, news) if reports]
    return left, failures


def assert_nothing_lost(news):
    final = {reported.provider_id: reported for reports in news for reported in reports}
    approved = {number: each.amount_in_cents for number, each in final.items() if each.status == APPROVED}
    stored = Transaction.objects.filter(provider_id__in=final)
    assert {each.provider_id: each.status for each in stored} == {n: str(each.status) for n, each in final.items()}
    assert verify_ledger().problems == []
    billed = sum(Charge.objects.values_list("amount_in_cents", flat=True))
    owed = sum(Account.objects.filter(user__isnull=False).values_list("balance_in_cents", flat=True))
    assert owed == billed - sum(approved.values())
    assert sum(Payment.objects.values_list("settled_in_cents", flat=True)) == sum(approved.values())
    posted = Entry.objects.filter(kind=EntryKind.PAYMENT).values_list("external_id", flat=True)
    ever_approved = {each.provider_id for reports in news for each in reports if each.status == APPROVED}
    assert sorted(posted) == sorted(ever_approved)


def test_mixed_settlements_of_the_same_accounts_in_parallel_lose_nothing(provider):
    users = [factories.make_user() for _ in range(3)]
    news = mixed_news(provider, payments=116, users=users)
    assert sum(map(len, news)) > 200
    random.Random(5).shuffle(news)
    left, failures = tell_all(news)
    assert (left, failures) == ([], Counter())
    assert_nothing_lost(news)


@pytest.mark.usefixtures("refusals")
def test_refused_transactions_are_repeated_within_bounds_and_leave_no_half(provider, caplog):
    users = [factories.make_user() for _ in range(3)]
    news = mixed_news(provider, payments=60, users=users)
    caplog.clear()
    left, _ = tell_all(news)
    repeats = [record for record in caplog.records if record.message == "transaction is repeated"]
    assert repeats
    assert max(record.repeat for record in repeats) <= 3
    # Three repeats may all be refused; the outbox runs its message again then, and so does this.
    while left:
        left, _ = tell_all(left)
    assert_nothing_lost(news)
