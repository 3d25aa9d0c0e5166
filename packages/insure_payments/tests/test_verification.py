"""The ledger recomputed: right after anything the services do, and never silent about what is wrong."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from insure_payments.enums import AccountKind, PaymentStatus, TransactionStatus
from insure_payments.models import Account, Line, Payment
from insure_payments.public import verify_ledger
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

# Verification reads one snapshot, in a transaction of its own.
pytestmark = pytest.mark.django_db(transaction=True)

BEHIND_THE_TRIGGERS = "SET LOCAL session_replication_role = replica"


def test_empty_ledger_is_right():
    report = verify_ledger()
    assert (report.ok, report.entries, report.accounts) == (True, 0, 0)


def test_ledger_is_right_after_a_payment_and_its_return(opened, provider):
    for status in (TransactionStatus.APPROVED, TransactionStatus.VOIDED):
        settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=status))
        assert verify_ledger().problems == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE insure_payments_line SET amount_in_cents = 1 WHERE account_seq IS NULL", "do not balance"),
        ("DELETE FROM insure_payments_line WHERE account_seq IS NULL", "missing or added"),
        ("UPDATE insure_payments_line SET balance_after_in_cents = 1 WHERE account_seq = 1", "line before"),
        ("UPDATE insure_payments_account SET balance_in_cents = 1 WHERE kind = 'CLIENT'", "sum of their lines"),
        ("UPDATE insure_payments_charge SET amount_in_cents = 20000000", "charges less payments"),
        ("UPDATE insure_payments_charge SET paid_in_cents = 1, status = 'PARTIALLY_PAID'", "paid amount"),
        ("UPDATE insure_payments_allocation SET settled_in_cents = 1", "beyond what was settled"),
        (
            "UPDATE insure_payments_payment SET settled_in_cents = 1, settled_at = now(), status = 'APPROVED'",
            "no open case",
        ),
        ("UPDATE insure_payments_payment SET refunded_in_cents = 1", "charges less payments"),
    ],
)
def test_damage_is_named(opened, damage, named):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BEHIND_THE_TRIGGERS)
        cursor.execute(damage)
    report = verify_ledger()
    assert not report.ok
    assert named in " ".join(report.problems)


def test_parallel_settlements_of_one_account_lose_nothing(user, provider, drain_outbox):
    """While they run, any snapshot of the whole ledger sums to zero and fits the cached balances."""
    payments = [factories.make_payment(user=user, charges=[factories.make_charge(user=user)]) for _ in range(20)]
    drain_outbox()
    numbers = {transaction.reference: number for number, transaction in provider.transactions.items()}
    problems = []

    def settle(payment):
        try:
            reported = provider.report(numbers[payment.reference], status=TransactionStatus.APPROVED)
            settle_payment(payment_id=payment.pk, reported=reported)
            problems.extend(verify_ledger().problems)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(settle, payments))
    assert problems == []
    assert set(Payment.objects.values_list("status", flat=True)) == {PaymentStatus.APPROVED}
    account = Account.objects.get(kind=AccountKind.CLIENT)
    assert (account.balance_in_cents, account.last_seq) == (0, 40)
    assert sum(Line.objects.values_list("amount_in_cents", flat=True)) == 0
