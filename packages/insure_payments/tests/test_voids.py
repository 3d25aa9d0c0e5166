"""Card payments taken back by the provider, as an operator wishes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import Http404

from insure_audit.public import AuditEvent
from insure_common.exceptions import PermissionDenied, ValidationError
from insure_common.ids import new_id
from insure_common.testing.outbox import drain
from insure_payments.enums import CaseKind, CaseOutcome, ChargeStatus, EntryKind, PaymentStatus, TransactionStatus
from insure_payments.errors import NothingApproved, SeveralTransactions, VoidNotPossible, VoidUnderWay
from insure_payments.gateways.base import GatewayRefused, GatewayUnavailable
from insure_payments.models import Account, Case, Entry, Payment, Transaction
from insure_payments.public import verify_ledger
from insure_payments.services.resolve_payment import resolve_payment
from insure_payments.services.settle_payment import settle_payment
from insure_payments.services.void_payment import void_payment
from insure_payments.testing import factories

# Verification reads one snapshot, in a transaction of its own.
pytestmark = pytest.mark.django_db(transaction=True)

APPROVED, VOIDED = TransactionStatus.APPROVED, TransactionStatus.VOIDED


@pytest.fixture(autouse=True)
def verified():
    """Whatever a test does, the ledger is right afterwards."""
    yield
    assert verify_ledger().problems == []


@pytest.fixture
def operator():
    user = factories.make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=["void_any_payment", "resolve_any_payment"]))
    return user


@pytest.fixture
def paid(opened, provider):
    """A payment by card that the provider has approved."""
    Payment.objects.filter(pk=opened.pk).update(method={"type": "CARD", "installments": 1})
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=APPROVED))
    return opened


@pytest.fixture
def void(operator, paid):
    def void(**changes):
        values = {"actor": operator, "payment_id": paid.pk, "reason": "Cobro duplicado"}
        return void_payment(**values | changes)

    return void


def case():
    return Case.objects.get(kind=CaseKind.VOID)


def in_parallel(call, times):
    def work(_):
        try:
            return call()
        except VoidUnderWay as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=times) as pool:
        return list(pool.map(work, range(times)))


def test_void_is_asked_by_a_worker_and_posted_when_the_provider_confirms(
    paid, charge, void, provider, operator, drain_outbox, clock
):
    void()
    assert provider.voided == []
    drain_outbox()
    assert provider.voided == ["T-1"]
    paid.refresh_from_db()
    assert paid.status == PaymentStatus.APPROVED
    provider.report("T-1", status=VOIDED)
    clock.travel(timedelta(seconds=5))
    drain_outbox()
    paid.refresh_from_db()
    charge.refresh_from_db()
    assert (paid.status, paid.settled_in_cents, charge.status) == (PaymentStatus.VOIDED, 0, ChargeStatus.OPEN)
    assert Entry.objects.filter(kind=EntryKind.PAYMENT_REVERSAL).count() == 1
    assert (case().outcome, case().actor, case().reason) == (CaseOutcome.VOIDED, operator, "Cobro duplicado")
    asked = AuditEvent.objects.get(action="payments.void_requested")
    assert (asked.actor_id, asked.metadata["reason"]) == (operator.pk, "Cobro duplicado")
    assert AuditEvent.objects.filter(action="payments.payment_reversed").exists()


def test_event_that_overtakes_the_worker_ends_the_case(paid, void, provider, drain_outbox):
    void()
    settle_payment(payment_id=paid.pk, reported=provider.report("T-1", status=VOIDED))
    drain_outbox()
    assert provider.voided == []
    assert case().outcome == CaseOutcome.VOIDED


def test_refusal_ends_the_case_with_the_providers_words(paid, void, provider, drain_outbox, caplog):
    provider.failures["void"] = [GatewayRefused("Original no Encontrado")]
    void()
    drain_outbox()
    paid.refresh_from_db()
    assert paid.status == PaymentStatus.APPROVED
    assert (case().outcome, case().note) == (CaseOutcome.REFUSED, "Original no Encontrado")
    assert AuditEvent.objects.filter(action="payments.void_refused").exists()
    assert "void refused" in caplog.text


def test_after_a_refusal_the_void_may_be_asked_for_again(paid, void, provider, drain_outbox):
    provider.failures["void"] = [GatewayRefused("Original no Encontrado")]
    void()
    drain_outbox()
    void()
    drain_outbox()
    assert provider.voided == ["T-1", "T-1"]


def test_wish_whose_answer_was_lost_is_never_sent_twice(paid, void, provider, drain_outbox, clock):
    provider.failures["void"] = [GatewayUnavailable("timeout", sent=True)]
    void()
    for _ in range(5):
        drain_outbox()
        clock.travel(timedelta(minutes=5))
    assert provider.voided == ["T-1"]
    provider.report("T-1", status=VOIDED)
    clock.travel(timedelta(minutes=10))
    drain_outbox()
    assert case().outcome == CaseOutcome.VOIDED


def test_wish_that_did_not_leave_is_sent_again(paid, void, provider, drain_outbox, clock):
    provider.failures["void"] = [GatewayUnavailable("refused", sent=False)]
    void()
    drain_outbox()
    clock.travel(timedelta(seconds=5))
    drain_outbox()
    assert provider.voided == ["T-1", "T-1"]


def test_worker_that_died_after_asking_is_followed_by_questions_only(paid, void, provider, drain_outbox, clock):
    void()
    Case.objects.update(asked_at=clock.now())
    provider.report("T-1", status=VOIDED)
    drain_outbox()
    assert provider.voided == []
    assert case().outcome == CaseOutcome.VOIDED


def test_silence_of_the_provider_ends_the_case_and_a_late_void_still_counts(paid, void, provider, drain_outbox, clock):
    void()
    drain_outbox()
    clock.travel(timedelta(hours=2))
    drain_outbox()
    assert case().outcome == CaseOutcome.REFUSED
    settle_payment(payment_id=paid.pk, reported=provider.report("T-1", status=VOIDED))
    paid.refresh_from_db()
    assert paid.status == PaymentStatus.VOIDED


def test_provider_that_cannot_be_asked_is_asked_later(paid, void, provider, drain_outbox, clock):
    void()
    drain_outbox()
    provider.report("T-1", status=VOIDED)
    provider.failures["fetch"] = [GatewayUnavailable("away", sent=False)]
    for _ in range(2):
        clock.travel(timedelta(seconds=30))
        drain_outbox()
    assert case().outcome == CaseOutcome.VOIDED


def test_ten_parallel_voids_ask_once(paid, void, provider, drain_outbox):
    answers = in_parallel(void, 10)
    assert sum(isinstance(answer, VoidUnderWay) for answer in answers) == 9
    in_parallel(lambda: drain(reraise=False), 4)
    assert provider.voided == ["T-1"]
    assert Case.objects.count() == 1


def test_payment_by_pse_cannot_be_voided(paid, void):
    Payment.objects.update(method=factories.METHOD)
    with pytest.raises(VoidNotPossible):
        void()


def test_card_on_a_page_of_the_provider_can_be_voided(paid, void, provider, drain_outbox):
    Payment.objects.update(method={"type": "CHECKOUT"})
    Transaction.objects.update(method="PSE")
    with pytest.raises(VoidNotPossible):
        void()
    Transaction.objects.update(method="CARD")
    void()
    drain_outbox()
    assert provider.voided == ["T-1"]


def test_payment_that_was_not_approved_cannot_be_voided(opened, operator, provider):
    Payment.objects.filter(pk=opened.pk).update(method={"type": "CARD", "installments": 1})
    with pytest.raises(NothingApproved):
        void_payment(actor=operator, payment_id=opened.pk, reason="x")


def test_of_two_approved_transactions_one_must_be_named(paid, void, provider, drain_outbox, clock):
    settle_payment(payment_id=paid.pk, reported=provider.report("T-2", status=APPROVED))
    with pytest.raises(SeveralTransactions):
        void()
    void(transaction_id="T-2")
    drain_outbox()
    assert provider.voided == ["T-2"]
    provider.report("T-2", status=VOIDED)
    clock.travel(timedelta(seconds=5))
    drain_outbox()
    paid.refresh_from_db()
    assert (paid.status, paid.settled_in_cents) == (PaymentStatus.APPROVED, 11_900_000)
    assert Case.objects.get(kind=CaseKind.CREDIT).outcome == CaseOutcome.OBSOLETE


def test_return_recorded_meanwhile_ends_the_case_without_a_second_reversal(
    paid, void, provider, operator, drain_outbox, user
):
    void()
    resolve_payment(actor=operator, payment_id=paid.pk, outcome=CaseOutcome.RETURNED, reason="Devuelto en el banco")
    drain_outbox()
    settle_payment(payment_id=paid.pk, reported=provider.report("T-1", status=VOIDED))
    assert provider.voided == []
    assert Entry.objects.filter(kind=EntryKind.PAYMENT_REVERSAL).count() == 1
    assert Account.objects.get(user=user).balance_in_cents == 11_900_000


def test_right_and_reason_are_required(paid, void, user):
    with pytest.raises(PermissionDenied):
        void(actor=user)
    with pytest.raises(ValidationError):
        void(reason=" ")
    with pytest.raises(Http404):
        void(payment_id=new_id())
    assert not Case.objects.exists()
