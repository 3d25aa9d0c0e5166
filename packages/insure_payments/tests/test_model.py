"""Charges, changes, payments, returns, months and closings in any order: the ledger is what a small model says."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insure_common import clock as business_clock
from insure_common.ids import new_id
from insure_common.outbox import RetryLater
from insure_integrations.public import CoreCharge
from insure_payments.enums import ChargeStatus, TransactionStatus
from insure_payments.gateways.base import GatewayTransaction
from insure_payments.models import Account, Charge, Statement, StatementPeriod
from insure_payments.periods import month_after, month_of, start_of
from insure_payments.selectors.statements import statements_visible_to
from insure_payments.selectors.verification import verify_ledger
from insure_payments.services.apply_charges import apply_charges
from insure_payments.services.close_statements import GRACE, close_statements
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

PESOS = st.integers(min_value=1, max_value=5_000)
PICK = st.integers(min_value=0, max_value=10)
ACTIONS = {
    "charge": st.tuples(PICK, PESOS),
    "reprice": st.tuples(PICK, PESOS),
    "cancel": st.tuples(PICK),
    "pay_elsewhere": st.tuples(PICK, PESOS),
    "pay": st.tuples(PICK, st.sampled_from([-1, 0, 1]), PESOS),
    "give_back": st.tuples(PICK),
    "next_month": st.tuples(),
    "close": st.tuples(),
}
STEPS = st.lists(
    st.one_of(*(st.tuples(st.just(name), arguments) for name, arguments in ACTIONS.items())), min_size=12, max_size=40
)


@dataclass
class World:
    """Does each step through the services and notes what it means: (user, month) -> charged and paid cents."""

    users: list = field(default_factory=lambda: [factories.make_user() for _ in range(2)])
    charged: dict = field(default_factory=lambda: defaultdict(int))
    paid: dict = field(default_factory=lambda: defaultdict(int))
    approved: list = field(default_factory=list)

    def note(self, book, user_id, cents):
        book[user_id, month_of(business_clock.now())] += cents

    def charges(self):
        return list(Charge.objects.filter(user__in=self.users).exclude(status=ChargeStatus.VOID).order_by("pk"))

    def core_says(self, charge, *, amount=None, paid_more=0, status=None):
        amount = amount or charge.amount_in_cents
        paid = charge.external_paid_in_cents + paid_more
        paid += sum(charge.allocations.values_list("settled_in_cents", flat=True))
        row = {
            "reference": charge.reference,
            "holder": {
                "reference": charge.holder_reference,
                "id_type": "CC",
                "id_number": "1099888777",
                "full_name": "María Gómez",
            },
            "concept": charge.concept,
            "due_date": charge.due_date.isoformat(),
            "amount": f"{amount // 100}.{amount % 100:02}",
            "paid": f"{paid // 100}.{paid % 100:02}",
            "outstanding": f"{(amount - paid) // 100}.{(amount - paid) % 100:02}",
            "currency": "COP",
            "status": status or ("OPEN" if amount > paid else "PAID"),
            "updated_at": datetime(2026, 11, 25, tzinfo=UTC),
        }
        if status == "VOID":
            row["outstanding"] = "0.00"
        result = apply_charges(system="CASSE", rows=[CoreCharge.model_validate(row)])
        assert not result.refused

    def charge(self, pick, pesos):
        user = self.users[pick % len(self.users)]
        factories.make_charge(user=user, amount_in_cents=pesos * 100, tax_in_cents=pesos * 19)
        self.note(self.charged, user.pk, pesos * 100)

    def reprice(self, pick, pesos):
        if charges := self.charges():
            charge = charges[pick % len(charges)]
            amount = max(pesos * 100, charge.paid_in_cents)
            self.core_says(charge, amount=amount)
            self.note(self.charged, charge.user_id, amount - charge.amount_in_cents)

    def cancel(self, pick):
        if charges := self.charges():
            charge = charges[pick % len(charges)]
            self.core_says(charge, status="VOID")
            self.note(self.charged, charge.user_id, -charge.amount_in_cents)

    def pay_elsewhere(self, pick, pesos):
        if charges := [charge for charge in self.charges() if charge.outstanding_in_cents]:
            charge = charges[pick % len(charges)]
            part = min(pesos * 100, charge.outstanding_in_cents)
            self.core_says(charge, paid_more=part)
            self.note(self.paid, charge.user_id, part)

    def pay(self, pick, surplus, pesos):
        """What is open, or less, or more: the provider decides what it approves."""
        if charges := [charge for charge in self.charges() if charge.outstanding_in_cents]:
            charge = charges[pick % len(charges)]
            payment = factories.make_payment(user=charge.user, charges=[charge])
            amount = max(100, charge.outstanding_in_cents + surplus * pesos * 100)
            reported = GatewayTransaction(
                provider="WOMPI",
                provider_id=str(new_id()),
                reference=payment.reference,
                status=TransactionStatus.APPROVED,
                amount_in_cents=amount,
                currency="COP",
            )
            settle_payment(payment_id=payment.pk, reported=reported)
            self.note(self.paid, charge.user_id, amount)
            self.approved.append((payment, reported))

    def give_back(self, pick):
        if self.approved:
            payment, reported = self.approved.pop(pick % len(self.approved))
            voided = GatewayTransaction(**{**fields(reported), "status": TransactionStatus.VOIDED})
            settle_payment(payment_id=payment.pk, reported=voided)
            self.note(self.paid, payment.user_id, -reported.amount_in_cents)

    def next_month(self):
        now = business_clock.now()
        business_clock.travel(start_of(month_after(month_of(now))) + GRACE + timedelta(hours=1) - now)

    def close(self):
        for _ in range(100):
            try:
                close_statements()
                return
            except RetryLater:  # somebody else writes on this server
                time.sleep(0.05)
        raise AssertionError("the month does not close")


def fields(transaction):
    return {name: getattr(transaction, name) for name in GatewayTransaction.__dataclass_fields__}


def total(book, user_id, *, until):
    return sum(cents for (owner, month), cents in book.items() if owner == user_id and month <= until)


def check_accounts(world, this_month):
    for user in world.users:
        account = Account.objects.filter(user=user).first()
        balance = account.balance_in_cents if account else 0
        owed = total(world.charged, user.pk, until=this_month) - total(world.paid, user.pk, until=this_month)
        assert balance == owed


def check_statements(world):
    for user in world.users:
        before = 0
        for statement in statements_visible_to(user).order_by("period"):
            charged, paid = world.charged[user.pk, statement.period], world.paid[user.pk, statement.period]
            assert (statement.charged, statement.paid) == (charged, paid)
            assert statement.opening_in_cents == before
            before = before + charged - paid
            assert statement.closing == before


def check_closed_months(world):
    """Every account that there was has a statement of every closed month since."""
    for account in Account.objects.filter(user__in=world.users):
        closed = StatementPeriod.objects.filter(closed_at__isnull=False, period__gte=month_of(account.created_at))
        statements = Statement.objects.filter(account=account, closed_at__isnull=False)
        assert set(statements.values_list("period", flat=True)) == set(closed.values_list("period", flat=True))


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=25,
    deadline=None,
    # The clock only goes on and each example has users of its own, so examples may share the database.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_ledger_and_statements_are_what_the_model_says(clock, steps):
    world = World()
    for name, arguments in steps:
        getattr(world, name)(*arguments)
        check_accounts(world, clock.today().replace(day=1))
    check_statements(world)
    world.next_month()
    world.close()
    check_statements(world)
    check_closed_months(world)
    assert verify_ledger().problems == []
