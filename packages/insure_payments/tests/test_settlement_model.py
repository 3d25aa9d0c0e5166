"""Whatever providers say of their transactions, in any order: payments, charges and ledger are what a model says."""

from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insure_payments.enums import TRANSACTION_TRANSITIONS, EntryKind, PaymentStatus, TransactionStatus
from insure_payments.gateways.base import GatewayTransaction
from insure_payments.models import Account, Charge, Entry, Payment, Receipt
from insure_payments.selectors.verification import verify_ledger
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

PRICES = (11_900_000, 500, 1)
APPROVED, VOIDED = TransactionStatus.APPROVED, TransactionStatus.VOIDED

# Of which payment, which of its transactions, what the provider says, and how many cents more than was asked for.
NEWS = st.tuples(
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from([status for status in TransactionStatus if status != TransactionStatus.UNKNOWN]),
    st.sampled_from([0, 0, 0, -1, 1, 700]),
)


@dataclass
class World:
    """Three payments over three charges of one client; the first two payments share a charge, the last has two."""

    user: object = field(default_factory=factories.make_user)
    payments: list = field(default_factory=list)
    statuses: dict = field(default_factory=lambda: defaultdict(lambda: TransactionStatus.UNKNOWN))
    amounts: dict = field(default_factory=dict)
    ever_approved: set = field(default_factory=set)

    def __post_init__(self):
        self.charges = [
            factories.make_charge(user=self.user, amount_in_cents=price, tax_in_cents=0) for price in PRICES
        ]
        for charges in (self.charges[:1], self.charges[:1], self.charges[1:]):
            payment = factories.make_payment(user=self.user, charges=charges)
            payment.holds.all().delete()
            self.payments.append(payment)

    def hear(self, which, number, status, surplus):
        payment = self.payments[which]
        key = (payment.pk, f"{payment.reference}-{number}")
        amount = max(1, payment.amount_in_cents + surplus)
        reported = GatewayTransaction(
            provider="WOMPI",
            provider_id=key[1],
            reference=payment.reference,
            status=status,
            amount_in_cents=amount,
            currency="COP",
            environment="test",
        )
        settle_payment(payment_id=payment.pk, reported=reported)
        if key not in self.ever_approved:
            self.amounts[key] = amount
        if status in TRANSACTION_TRANSITIONS[self.statuses[key]]:
            self.statuses[key] = status
        if self.statuses[key] == APPROVED:
            self.ever_approved.add(key)

    def approved_in_cents(self, *payments):
        return sum(
            self.amounts[key]
            for key, status in self.statuses.items()
            if status == APPROVED and key[0] in {payment.pk for payment in payments}
        )


def check_payments(world):
    for payment in Payment.objects.filter(pk__in=[payment.pk for payment in world.payments]):
        statuses = [status for key, status in world.statuses.items() if key[0] == payment.pk]
        assert payment.status == PaymentStatus.of(statuses, is_expired=False, is_page_open=False)
        assert payment.settled_in_cents == world.approved_in_cents(payment)
        stored = payment.transactions.values_list("provider_id", "status")
        assert dict(stored) == {key[1]: status for key, status in world.statuses.items() if key[0] == payment.pk}
        allocated = sum(payment.allocations.values_list("settled_in_cents", flat=True))
        assert allocated <= payment.settled_in_cents


def check_money(world):
    approved = world.approved_in_cents(*world.payments)
    assert Account.objects.get(user=world.user).balance_in_cents == sum(PRICES) - approved
    for charge in Charge.objects.filter(user=world.user):
        parts = sum(charge.allocations.values_list("settled_in_cents", flat=True))
        assert charge.paid_in_cents == parts <= charge.amount_in_cents
    posted = Entry.objects.filter(lines__account__user=world.user)
    names = {key[1] for key in world.ever_approved}
    voided = {key[1] for key in world.ever_approved if world.statuses[key] == VOIDED}
    assert set(posted.filter(kind=EntryKind.PAYMENT).values_list("external_id", flat=True)) == names
    assert set(posted.filter(kind=EntryKind.PAYMENT_REVERSAL).values_list("external_id", flat=True)) == voided
    receipts = Receipt.objects.filter(payment__user=world.user)
    assert set(receipts.values_list("payment", flat=True)) == {key[0] for key in world.ever_approved}


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=30,
    deadline=None,
    # Each example has a client of its own, so examples may share the database.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(news=st.lists(NEWS, min_size=4, max_size=20))
def test_any_news_in_any_order_ends_as_the_model_says(news):
    world = World()
    for each in news:
        world.hear(*each)
        check_payments(world)
    check_money(world)
    assert verify_ledger().problems == []
