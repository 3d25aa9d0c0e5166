"""One payment, whatever the provider says of it and in which order."""

from datetime import timedelta
from itertools import permutations

import pytest

from insure_audit.public import AuditEvent
from insure_common.models import OutboxMessage
from insure_payments.enums import ChargeStatus, EntryKind, PaymentStatus, TransactionStatus
from insure_payments.models import Account, Charge, ChargeHold, Entry, Payment, Receipt
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db

APPROVED, DECLINED, PENDING = TransactionStatus.APPROVED, TransactionStatus.DECLINED, TransactionStatus.PENDING
ERROR, VOIDED = TransactionStatus.ERROR, TransactionStatus.VOIDED


@pytest.fixture
def tell(opened, provider):
    """Let the provider say something of a transaction of the payment, and apply it."""

    def tell(status, provider_id="T-1", asked_id=None, **changes):
        reported = provider.report(provider_id, status=status, **changes)
        return settle_payment(payment_id=opened.pk, reported=reported, asked_id=asked_id)

    return tell


def balance_of(user):
    return Account.objects.get(user=user).balance_in_cents


def state_of(payment):
    """All that a client can see of it."""
    payment.refresh_from_db()
    charges = Charge.objects.filter(allocations__payment=payment)
    paid = charges.values_list("status", "paid_in_cents")
    return payment.status, payment.settled_in_cents, list(paid), balance_of(payment.user_id)


def actions():
    return set(AuditEvent.objects.values_list("action", flat=True))


def test_approval_pays_the_charge_and_releases_it(opened, charge, tell):
    tell(APPROVED)
    assert state_of(opened) == (PaymentStatus.APPROVED, 11_900_000, [(ChargeStatus.PAID, 11_900_000)], 0)
    assert opened.settled_at is not None
    assert not ChargeHold.objects.exists()
    assert opened.next_poll_at is None
    assert "payments.payment_settled" in actions()


def test_same_news_again_changes_nothing(opened, tell):
    tell(APPROVED)
    before = state_of(opened), Entry.objects.count(), OutboxMessage.objects.count(), AuditEvent.objects.count()
    tell(APPROVED)
    after = state_of(opened), Entry.objects.count(), OutboxMessage.objects.count(), AuditEvent.objects.count()
    assert before == after


@pytest.mark.parametrize(("status", "expected"), [(DECLINED, PaymentStatus.DECLINED), (ERROR, PaymentStatus.ERROR)])
def test_refusal_at_the_bank_releases_the_charge(opened, charge, tell, status, expected):
    tell(status)
    assert state_of(opened) == (expected, 0, [(ChargeStatus.OPEN, 0)], 11_900_000)
    assert opened.failure_reason
    assert not ChargeHold.objects.exists()


@pytest.mark.parametrize("order", list(permutations([PENDING, APPROVED, VOIDED])))
def test_every_order_of_one_transactions_events_ends_the_same(opened, tell, order):
    """The provider answers each event with what the transaction is by then, so a void is never followed by less."""
    latest = PENDING
    rank = {PENDING: 0, APPROVED: 1, VOIDED: 2}
    for status in order:
        latest = max(latest, status, key=rank.__getitem__)
        tell(latest)
    assert state_of(opened) == (PaymentStatus.VOIDED, 0, [(ChargeStatus.OPEN, 0)], 11_900_000)


@pytest.mark.parametrize("order", list(permutations([PENDING, APPROVED, DECLINED, ERROR])))
def test_only_the_first_final_status_counts(opened, tell, order):
    """Even a provider that contradicts itself posts once at most, and nothing undoes an approval but a void."""
    for status in order:
        tell(status)
    first = next(status for status in order if status != PENDING)
    opened.refresh_from_db()
    assert opened.status == first.value
    assert Entry.objects.filter(kind=EntryKind.PAYMENT).count() == (1 if first == APPROVED else 0)


@pytest.mark.parametrize("order", list(permutations([("T-1", DECLINED), ("T-2", APPROVED), ("T-3", ERROR)])))
def test_every_order_of_several_transactions_ends_the_same(opened, tell, order):
    for provider_id, status in order:
        tell(status, provider_id)
    assert state_of(opened) == (PaymentStatus.APPROVED, 11_900_000, [(ChargeStatus.PAID, 11_900_000)], 0)


def test_approval_after_the_expiry_settles_all_the_same(opened, tell, clock):
    clock.travel(timedelta(hours=2))
    assert tell(PENDING).status == PaymentStatus.EXPIRED
    assert tell(APPROVED).status == PaymentStatus.APPROVED


def test_second_approval_becomes_credit_with_an_alert(opened, user, tell, caplog):
    tell(APPROVED)
    tell(APPROVED, "T-2")
    assert state_of(opened) == (PaymentStatus.APPROVED, 23_800_000, [(ChargeStatus.PAID, 11_900_000)], -11_900_000)
    assert Receipt.objects.count() == 1
    assert "payments.payment_approved_twice" in actions()
    assert "payments.payment_approved_twice" in caplog.text


def test_another_amount_than_asked_for_is_posted_with_an_alert(opened, tell, caplog):
    tell(APPROVED, amount_in_cents=10_000_000)
    paid = [(ChargeStatus.PARTIALLY_PAID, 10_000_000)]
    assert state_of(opened) == (PaymentStatus.APPROVED, 10_000_000, paid, 1_900_000)
    assert "payments.amount_differed" in actions()


def test_more_than_asked_for_becomes_credit(opened, tell):
    tell(APPROVED, amount_in_cents=12_000_000)
    assert state_of(opened)[2:] == ([(ChargeStatus.PAID, 11_900_000)], -100_000)


def test_money_for_a_charge_paid_meanwhile_becomes_credit(opened, charge, tell):
    Charge.objects.filter(pk=charge.pk).update(status=ChargeStatus.VOID)
    tell(APPROVED)
    assert state_of(opened)[:2] == (PaymentStatus.APPROVED, 11_900_000)
    assert opened.allocations.get().settled_in_cents == 0


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("currency", {"currency": "USD"}),
        ("reference", {"reference": "SOMEBODY-ELSE"}),
        # An operator may overrule a reference: nothing else hides behind it.
        ("currency", {"reference": "SOMEBODY-ELSE", "currency": "USD"}),
        ("environment", {"reference": "SOMEBODY-ELSE", "environment": "prod"}),
        ("environment", {"environment": "prod"}),
        ("id", {"asked_id": "T-9"}),
    ],
)
def test_wrong_identity_is_quarantined_with_an_alert(opened, tell, caplog, name, changes):
    before = state_of(opened)
    tell(APPROVED, **changes)
    assert state_of(opened) == before
    event = AuditEvent.objects.get(action="payments.transaction_quarantined")
    assert event.metadata["mismatch"] == name
    assert "quarantined" in caplog.text
    assert not Entry.objects.filter(kind=EntryKind.PAYMENT).exists()


def test_transaction_of_another_payment_is_quarantined(opened, user, tell, provider, drain_outbox):
    other = factories.make_payment(user=user, charges=[factories.make_charge(user=user)])
    drain_outbox()
    reported = provider.report("T-1", status=APPROVED, reference=other.reference)
    settle_payment(payment_id=other.pk, reported=reported)
    other.refresh_from_db()
    assert other.status == PaymentStatus.PENDING


def test_truth_after_a_lie_settles(opened, tell):
    tell(APPROVED, currency="USD")
    assert tell(APPROVED, currency="COP").status == PaymentStatus.APPROVED


def test_wrong_answer_about_posted_money_changes_nothing(opened, tell, provider):
    tell(APPROVED)
    before = state_of(opened)
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=APPROVED, currency="USD"))
    tell(APPROVED)
    assert state_of(opened) == before


def test_void_reopens_the_charge_and_reverses_the_posting(opened, charge, tell):
    tell(APPROVED)
    tell(VOIDED)
    assert state_of(opened) == (PaymentStatus.VOIDED, 0, [(ChargeStatus.OPEN, 0)], 11_900_000)
    reversal = Entry.objects.get(kind=EntryKind.PAYMENT_REVERSAL)
    assert reversal.reverses.kind == EntryKind.PAYMENT
    assert "payments.payment_reversed" in actions()


def test_void_of_a_second_approval_leaves_the_charge_paid(opened, tell):
    tell(APPROVED)
    tell(APPROVED, "T-2")
    tell(VOIDED, "T-2")
    assert state_of(opened) == (PaymentStatus.APPROVED, 11_900_000, [(ChargeStatus.PAID, 11_900_000)], 0)


def test_payment_pays_the_earliest_charge_first(user, provider, drain_outbox, clock):
    later = factories.make_charge(user=user, amount_in_cents=500, tax_in_cents=0)
    sooner = factories.make_charge(user=user, amount_in_cents=500, tax_in_cents=0, due_date=clock.today())
    payment: Payment = factories.make_payment(user=user, charges=[later, sooner])
    drain_outbox()
    reported = provider.report("T-1", status=APPROVED, amount_in_cents=600)
    settle_payment(payment_id=payment.pk, reported=reported)
    sooner.refresh_from_db()
    later.refresh_from_db()
    assert (sooner.status, later.paid_in_cents) == (ChargeStatus.PAID, 100)


def test_settlement_tells_everybody_once(opened, settings, tell):
    settings.INSURE_COMMON = {**settings.INSURE_COMMON, "SUBSCRIBERS": {"payment_settled": ["a.subscriber"]}}
    tell(APPROVED)
    tasks = OutboxMessage.objects.filter(status="READY").values_list("task", flat=True)
    assert sorted(tasks) == [
        "a.subscriber",
        "insure_payments.tasks.render_receipt_task",
        "insure_payments.tasks.report_payment_task",
    ]
