"""After a void the core system and this service have the same charges open, and no money counts as paid elsewhere."""

import random
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission

from insure_common.clock import today
from insure_common.exceptions import Conflict
from insure_common.models import OutboxMessage
from insure_common.outbox import RetryLater
from insure_integrations.public import CoreCharge, request_sync
from insure_payments.enums import CaseOutcome, ChargeStatus
from insure_payments.enums import TransactionStatus as Status
from insure_payments.models import Account, Allocation, Charge
from insure_payments.public import verify_ledger
from insure_payments.services.apply_charges import apply_charges
from insure_payments.services.report_payment import PAUSE, report_payment
from insure_payments.services.resolve_payment import resolve_payment
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

# Clients of other systems refuse to call out while a transaction is open.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sync(drain_outbox):
    def sync():
        request_sync(job="casse.charges")
        drain_outbox()

    return sync


@pytest.fixture
def holder(casse, user):
    """The user in CASSE, who owes two charges."""
    person = {"id_type": "CC", "id_number": user.id_number, "full_name": user.full_name, "email": user.email}
    return casse.add_holder(**person)["holder"]


@pytest.fixture
def operator():
    operator = factories.make_user()
    operator.user_permissions.set(Permission.objects.filter(codename="resolve_any_payment"))
    return operator


@pytest.fixture
def payment(casse, holder, user, sync, drain_outbox):
    """Of two charges, opened."""
    casse.add_charge(holder=holder, amount="119000.00")
    sync()
    payment = factories.make_payment(user=user, charges=list(Charge.objects.all()))
    drain_outbox()
    return payment


@pytest.fixture
def tell(payment, provider, drain_outbox):
    def tell(status, provider_id):
        settle_payment(payment_id=payment.pk, reported=provider.report(provider_id, status=status))
        drain_outbox()

    return tell


@pytest.fixture
def apply_again(casse, drain_outbox):
    """Read all charges at once, before the core system has heard of what changes with them, and then let it hear."""

    def apply_again():
        rows = [CoreCharge.model_validate(row) for row in casse.portfolio.charges.values()]
        apply_charges(system="CASSE", rows=rows)
        apply_charges(system="CASSE", rows=rows)
        drain_outbox()

    return apply_again


def paid():
    return dict(Charge.objects.values_list("reference", "paid_in_cents"))


def paid_at(casse):
    return {reference: int(Decimal(row["paid"]) * 100) for reference, row in casse.portfolio.charges.items()}


@pytest.mark.parametrize("amount", ["70000.00", "9000000.00"], ids=["small", "large"])
@pytest.mark.parametrize("days", [5, 60], ids=["due-before", "due-after"])
@pytest.mark.parametrize("voided", ["T-1", "T-2"])
def test_void_of_one_of_two_approvals_whose_credit_was_applied(
    casse, holder, payment, operator, tell, sync, drain_outbox, voided, days, amount
):
    tell(Status.APPROVED, "T-1")
    tell(Status.APPROVED, "T-2")
    third = casse.add_charge(holder=holder, amount=amount)
    third["due_date"] = (today() + timedelta(days=days)).isoformat()
    sync()
    resolve_payment(actor=operator, payment_id=payment.pk, outcome=CaseOutcome.APPLY, reason="Aprobado dos veces")
    drain_outbox()
    assert paid() == paid_at(casse)
    tell(Status.VOIDED, voided)
    assert paid() == paid_at(casse)
    sync()
    assert paid() == paid_at(casse)
    assert not Charge.objects.filter(external_paid_in_cents__gt=0).exists()
    assert verify_ledger().problems == []


def test_money_waits_until_the_core_system_has_taken_other_money_off_the_charge(
    casse, user, payment, provider, tell, drain_outbox, clock
):
    tell(Status.APPROVED, "T-1")
    casse.control_post({"error_rate": 1})
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=Status.VOIDED))
    again = factories.make_payment(user=user, charges=list(Charge.objects.all()))
    drain_outbox(reraise=False)
    settle_payment(payment_id=again.pk, reported=provider.report("T-2", status=Status.APPROVED))
    casse.control_post({"error_rate": 0})
    with pytest.raises(RetryLater):
        report_payment(payment_id=again.pk)
    clock.travel(timedelta(hours=1))
    drain_outbox()
    clock.travel(PAUSE)
    drain_outbox()
    assert paid() == paid_at(casse)
    assert {told.reference[: len(again.reference)] for told in casse.payments.values() if not told.reversed} == {
        again.reference
    }


@pytest.mark.parametrize("amounts", [(60, 60), (60, 200)], ids=["filled", "overfilled"])
def test_parts_that_several_transactions_paid_are_taken_back_exactly(
    casse, payment, provider, tell, sync, drain_outbox, amounts
):
    first, second = (payment.amount_in_cents * share // 100 for share in amounts)
    provider.report("T-1", amount_in_cents=first)
    tell(Status.APPROVED, "T-1")
    provider.report("T-2", amount_in_cents=second)
    tell(Status.APPROVED, "T-2")
    assert paid() == paid_at(casse)
    tell(Status.VOIDED, "T-1")
    sync()
    assert paid() == paid_at(casse)
    standing = [told for told in casse.payments.values() if not told.reversed]
    assert {told.provider_transaction for told in standing} == {"T-2"}
    assert not Charge.objects.filter(external_paid_in_cents__gt=0).exists()


def test_refund_and_void_of_the_same_money_leave_nothing_told(casse, payment, operator, tell, drain_outbox):
    tell(Status.APPROVED, "T-1")
    tell(Status.APPROVED, "T-2")
    resolve_payment(actor=operator, payment_id=payment.pk, outcome=CaseOutcome.RETURNED, reason="Devuelto")
    tell(Status.VOIDED, "T-2")
    assert paid() == paid_at(casse)
    assert all(told.reversed for told in casse.payments.values())


def test_money_of_a_cancelled_charge_is_never_taken_for_money_paid_elsewhere(casse, user, payment, tell, apply_again):
    tell(Status.APPROVED, "T-1")
    reference = Charge.objects.order_by("pk").first().reference
    casse.cancel_charge(charge=reference)
    for _ in range(3):
        apply_again()
        charge = Charge.objects.get(reference=reference)
        assert (charge.status, charge.external_paid_in_cents) == (ChargeStatus.VOID, 0)
        payment.refresh_from_db()
        assert Account.objects.get(user=user).balance_in_cents == -payment.credit_in_cents < 0
    assert paid_at(casse)[reference] == 0


def test_what_the_core_system_refuses_stops_nothing_else(casse, payment, provider, drain_outbox, sync, clock):
    """One of two charges was cancelled, which has not come here yet when they are paid."""
    cancelled, kept = Charge.objects.order_by("pk")
    casse.cancel_charge(charge=cancelled.reference)
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=Status.APPROVED))
    drain_outbox(reraise=False)
    assert paid_at(casse) == {cancelled.reference: 0, kept.reference: kept.amount_in_cents}
    sync()
    clock.travel(timedelta(hours=1))
    drain_outbox()
    assert paid() == paid_at(casse)
    assert not OutboxMessage.objects.exclude(status=OutboxMessage.Status.DONE).exists()


@pytest.mark.parametrize("seed", range(12))
def test_both_agree_whatever_happens_in_whatever_order(
    casse, holder, payment, operator, provider, tell, sync, drain_outbox, clock, seed
):
    draw, log, numbers = random.Random(seed), [], []

    def approve():
        numbers.append(f"T-{len(numbers) + 1}")
        amount = draw.choice([payment.amount_in_cents, payment.amount_in_cents, 10_000_000, 900_000_000])
        provider.report(numbers[-1], amount_in_cents=amount)
        tell(Status.APPROVED, numbers[-1])

    def void():
        if numbers:
            tell(Status.VOIDED, draw.choice(numbers))

    def resolve():
        outcome = draw.choice([CaseOutcome.APPLY, CaseOutcome.RETURNED])
        with suppress(Conflict):
            resolve_payment(actor=operator, payment_id=payment.pk, outcome=outcome, reason="Decidido")

    def add():
        casse.add_charge(holder=holder, amount=draw.choice(["70000.00", "900000.00", "5000000.00"]))

    def pay_elsewhere():
        casse.pay_elsewhere(charge=draw.choice(sorted(casse.portfolio.charges)), amount="50000.00")

    def cancel():
        casse.cancel_charge(charge=draw.choice(sorted(casse.portfolio.charges)))

    for _ in range(12):
        step = draw.choice([approve, approve, void, resolve, resolve, add, pay_elsewhere, cancel])
        log.append(step.__name__)
        step()
        sync()
        while OutboxMessage.objects.filter(status=OutboxMessage.Status.READY).exists():
            clock.travel(PAUSE)
            drain_outbox()
        void_there = {reference for reference, row in casse.portfolio.charges.items() if row["status"] == "VOID"}
        here, there = (
            {ref: part for ref, part in of.items() if ref not in void_there} for of in (paid(), paid_at(casse))
        )
        assert here == there, log
    allocated = sum(Allocation.objects.values_list("settled_in_cents", flat=True))
    assert allocated == sum(int(Decimal(told.amount) * 100) for told in casse.payments.values() if not told.reversed)
    assert verify_ledger().problems == []
