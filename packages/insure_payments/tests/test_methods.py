"""Cards by token and the provider's own page: what is asked for, what is kept, what closes a payment."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from insure_audit.public import AuditEvent
from insure_common.ids import new_id
from insure_payments.enums import ChargeStatus, FailureReason, PaymentStatus, TransactionStatus
from insure_payments.gateways.base import AcceptanceOutdated, GatewayRefused, GatewayTransaction, GatewayUnavailable
from insure_payments.models import ChargeHold, Payment, ProviderCatalog, Receipt
from insure_payments.services.refresh_catalog import refresh_catalog
from insure_payments.services.settle_payment import settle_payment
from insure_payments.services.sweep_payments import sweep_pending_payments
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db

ROOT = "/api/v1"
TOKEN = "tok_test_1_BBb749EAB32e97a2D058Dd538a608301"
CARD = {"type": "CARD", "token": TOKEN, "installments": 3}
CHECKOUT = {"type": "CHECKOUT"}
PENDING, APPROVED, DECLINED, ERROR = (
    TransactionStatus.PENDING,
    TransactionStatus.APPROVED,
    TransactionStatus.DECLINED,
    TransactionStatus.ERROR,
)


@pytest.fixture
def client(user, api):
    api.force_authenticate(user)
    return api


def pay(client, charge, method, **changes):
    body = {
        "charge_ids": [str(charge.pk)],
        "method": method,
        "accepted_documents": ["https://wompi.example/policy.pdf"],
    }
    return client.post(f"{ROOT}/payments/", body | changes, headers={"Idempotency-Key": str(new_id())})


# --- what a client may ask for ---


def test_each_method_says_what_it_needs(client):
    refresh_catalog(provider="WOMPI")
    methods = client.get(f"{ROOT}/payment-methods/").json()["methods"]
    assert {method["type"]: method["needs"] for method in methods} == {
        "PSE": ["institution", "person_type", "id_type", "id_number"],
        "CARD": ["token", "installments"],
        "CHECKOUT": [],
    }
    assert {method["provider"] for method in methods} == {"WOMPI"}


def test_only_methods_that_the_merchant_has_enabled_are_listed(client):
    refresh_catalog(provider="WOMPI")
    ProviderCatalog.objects.update(methods=["CARD"])
    assert [method["type"] for method in client.get(f"{ROOT}/payment-methods/").json()["methods"]] == ["CARD"]


def test_method_that_the_provider_does_not_speak_is_refused(client, charge, provider, monkeypatch):
    monkeypatch.setattr(provider, "methods", ("PSE",))
    answer = pay(client, charge, CARD)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["method.type"])


@pytest.mark.parametrize(
    ("method", "field"),
    [
        ("CARD", "method"),
        ({}, "method.type"),
        ({"type": "CASH"}, "method.type"),
        ({"type": ["CARD"]}, "method.type"),
        ({"type": "PSE", "person_type": "NATURAL", "id_type": "CC", "id_number": "1099888777"}, "method.institution"),
        ({"type": "PSE", "institution": "1", "id_type": "CC", "id_number": "1099888777"}, "method.person_type"),
        ({"type": "CARD", "installments": 1}, "method.token"),
        ({"type": "CARD", "token": TOKEN}, "method.installments"),
        ({**CARD, "token": "4242424242424242"}, "method.token"),
        ({**CARD, "token": 4242424242424242}, "method.token"),
        ({**CARD, "token": "tok_test_4242424242424242"}, "method.token"),
        ({**CARD, "token": "tok_test_4242-4242-4242-4242"}, "method.token"),
        ({**CARD, "token": "4242 4242 4242 4242"}, "method.token"),
        ({**CARD, "token": "x' OR 1=1"}, "method.token"),
        ({**CARD, "installments": 0}, "method.installments"),
        ({**CARD, "installments": 37}, "method.installments"),
        ({**CARD, "installments": "3"}, "method.installments"),
        ({**CARD, "installments": True}, "method.installments"),
        ({**CARD, "cvc": "123"}, "method.cvc"),
        ({**CARD, "cvv": "123"}, "method.cvv"),
        ({**CARD, "number": "4242424242424242"}, "method.number"),
        ({**CARD, "institution": "1"}, "method.institution"),
        ({**CHECKOUT, "token": TOKEN}, "method.token"),
        ({**CHECKOUT, "url": "https://evil.example/"}, "method.url"),
    ],
)
def test_what_does_not_belong_to_a_method_is_refused(client, charge, method, field):
    answer = pay(client, charge, method)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Payment.objects.exists()


def test_letters_and_digits_around_a_run_make_a_token_no_card_number(client, charge):
    assert pay(client, charge, {**CARD, "token": "tok_prod_a4242424242424242b"}).status_code == 202


# --- cards ---


@pytest.fixture
def by_card(user, charge):
    return factories.make_payment(user=user, charges=[charge], method=CARD)


def held_token(payment):
    payment.refresh_from_db()
    return payment.card_token


def test_provider_gets_token_and_installments_and_we_forget_the_token(by_card, provider, drain_outbox):
    assert (held_token(by_card), by_card.method) == (TOKEN, {"type": "CARD", "installments": 3})
    drain_outbox()
    assert provider.opened[0].method == CARD
    assert TOKEN not in repr(provider.opened[0])
    assert held_token(by_card) == ""
    assert by_card.status == PaymentStatus.PENDING


@pytest.mark.parametrize(
    "failure",
    [AcceptanceOutdated(), GatewayRefused("no"), GatewayUnavailable("time-out", sent=True), RuntimeError("killed")],
)
def test_token_is_gone_whatever_becomes_of_the_one_attempt(by_card, provider, drain_outbox, failure):
    provider.failures["open"] = [failure]
    drain_outbox(reraise=False)
    assert held_token(by_card) == ""


def test_token_serves_again_if_the_request_did_not_leave(by_card, provider, drain_outbox, clock):
    provider.failures["open"] = [GatewayUnavailable("refused", sent=False)]
    drain_outbox()
    assert held_token(by_card) == TOKEN
    clock.travel(timedelta(seconds=6))
    drain_outbox()
    assert [request.method["token"] for request in provider.opened] == [TOKEN, TOKEN]
    assert held_token(by_card) == ""


def test_token_of_a_payment_that_was_never_opened_goes_with_its_expiry(by_card, provider, drain_outbox, clock):
    clock.travel(timedelta(minutes=61))
    drain_outbox()
    assert (held_token(by_card), by_card.status, provider.opened) == ("", PaymentStatus.EXPIRED, [])


def test_database_keeps_no_token_of_a_payment_under_way(by_card):
    with pytest.raises(IntegrityError, match="payments_payment_card_token"), transaction.atomic():
        Payment.objects.update(status=PaymentStatus.PENDING)


def test_token_is_never_shown(client, charge, user, drain_outbox):
    user.user_permissions.set(Permission.objects.filter(codename="view_any_payment"))
    started = pay(client, charge, CARD)
    assert started.json()["method"] == {"type": "CARD", "installments": 3}
    paths = [f"{root}{path}" for root in ("payments/", "admin/payments/") for path in ("", f"{started.json()['id']}/")]
    for _ in range(2):
        answers = [client.get(f"{ROOT}/{path}") for path in paths]
        assert {answer.status_code for answer in answers} == {200}
        assert not any(TOKEN in answer.text for answer in (started, *answers))
        drain_outbox()
    assert not any(TOKEN in str(metadata) for metadata in AuditEvent.objects.values_list("metadata", flat=True))


def test_card_payment_settles_without_a_redirect(by_card, provider, drain_outbox):
    drain_outbox()
    reported = provider.report("T-1", status=APPROVED, redirect_url="", method="CARD")
    settle_payment(payment_id=by_card.pk, reported=reported)
    drain_outbox(reraise=False)
    by_card.refresh_from_db()
    assert by_card.status == PaymentStatus.APPROVED
    assert Receipt.objects.get().sha256
    assert by_card.transactions.get().method == "CARD"


# --- the provider's own page ---


@pytest.fixture
def hosted(user, charge, drain_outbox):
    """A payment whose page is known and on which nothing has happened yet."""
    payment = factories.make_payment(user=user, charges=[charge], method=CHECKOUT)
    drain_outbox()
    payment.refresh_from_db()
    return payment


@pytest.fixture
def attempt(hosted, provider):
    """Let the provider know a transaction of the page; `told`: its event came too."""

    def attempt(number, status, *, told=True, **changes):
        provider.transactions[number] = GatewayTransaction(
            provider="WOMPI",
            provider_id=number,
            reference=hosted.reference,
            status=status,
            amount_in_cents=hosted.amount_in_cents,
            currency=hosted.currency,
            environment="test",
            **changes,
        )
        if told:
            settle_payment(payment_id=hosted.pk, reported=provider.transactions[number])
        hosted.refresh_from_db()

    return attempt


@pytest.fixture
def pass_time(hosted, drain_outbox, clock):
    """Let time pass minute by minute, with its sweeps."""

    def pass_time(minutes):
        for _ in range(minutes):
            clock.travel(timedelta(minutes=1))
            sweep_pending_payments()
            drain_outbox(reraise=False)
        hosted.refresh_from_db()

    return pass_time


def test_page_is_known_at_once_and_makes_no_transaction(hosted, provider):
    assert (hosted.status, hosted.redirect_url) == (
        PaymentStatus.PENDING,
        f"https://checkout.example/{hosted.reference}",
    )
    assert not hosted.transactions.exists()
    assert provider.opened[0].expires_at == hosted.expires_at


def test_opening_that_died_half_way_is_simply_made_again(user, charge, provider, drain_outbox, clock):
    payment = factories.make_payment(user=user, charges=[charge], method=CHECKOUT)
    provider.failures["open"] = [RuntimeError("killed")]
    drain_outbox(reraise=False)
    payment.refresh_from_db()
    assert (payment.status, payment.failure_reason) == (PaymentStatus.CREATED, "")
    clock.travel(timedelta(minutes=1))
    drain_outbox()
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PENDING


def test_refused_page_fails_the_payment(user, charge, provider, drain_outbox):
    payment = factories.make_payment(user=user, charges=[charge], method=CHECKOUT)
    provider.failures["open"] = [GatewayRefused("too little")]
    drain_outbox()
    payment.refresh_from_db()
    assert (payment.status, payment.failure_reason) == (PaymentStatus.ERROR, FailureReason.PROVIDER_REFUSED)
    assert not ChargeHold.objects.exists()


@pytest.mark.parametrize("failure", [DECLINED, ERROR])
def test_failed_attempt_neither_closes_the_payment_nor_frees_its_charge(hosted, attempt, failure):
    attempt("A", failure)
    assert (hosted.status, hosted.failure_reason) == (PaymentStatus.PENDING, "")
    assert ChargeHold.objects.count() == 1


def test_retry_that_is_approved_settles(hosted, attempt, charge):
    attempt("A", DECLINED)
    attempt("B", APPROVED)
    assert (hosted.status, hosted.settled_in_cents) == (PaymentStatus.APPROVED, hosted.amount_in_cents)
    charge.refresh_from_db()
    assert charge.status == ChargeStatus.PAID
    assert not ChargeHold.objects.exists()


def test_order_of_news_about_attempts_does_not_matter(hosted, attempt):
    news = [("A", PENDING), ("A", DECLINED), ("B", PENDING), ("B", APPROVED)]
    for number, order in enumerate(permutations(news)):
        sid = transaction.savepoint()
        for name, status in order:
            attempt(name, status)
        assert hosted.status == PaymentStatus.APPROVED, number
        assert sorted(hosted.transactions.values_list("status", flat=True)) == [APPROVED, DECLINED]
        transaction.savepoint_rollback(sid)


def test_payment_is_declined_when_the_time_to_try_again_is_over(hosted, attempt, pass_time):
    attempt("A", DECLINED)
    pass_time(4)
    assert hosted.status == PaymentStatus.PENDING
    pass_time(2)
    assert (hosted.status, hosted.failure_reason) == (PaymentStatus.DECLINED, FailureReason.DECLINED)
    assert (hosted.next_poll_at, hosted.page_closes_at) == (None, None)
    assert not ChargeHold.objects.exists()


def test_retry_without_an_event_is_found_before_the_payment_closes(hosted, attempt, pass_time):
    attempt("A", DECLINED)
    attempt("B", PENDING, told=False)
    pass_time(6)
    assert hosted.status == PaymentStatus.PENDING
    attempt("B", DECLINED)
    pass_time(4)
    assert hosted.status == PaymentStatus.PENDING
    attempt("C", APPROVED, told=False)
    pass_time(2)
    assert hosted.status == PaymentStatus.APPROVED


def test_all_events_lost_still_settles(hosted, attempt, pass_time):
    attempt("A", DECLINED, told=False)
    attempt("B", APPROVED, told=False)
    pass_time(2)
    assert hosted.status == PaymentStatus.APPROVED


def test_page_that_nobody_used_expires_and_is_asked_about_once_more(hosted, attempt, pass_time):
    pass_time(61)
    assert (hosted.status, hosted.failure_reason) == (PaymentStatus.EXPIRED, FailureReason.EXPIRED)
    assert not ChargeHold.objects.exists()
    assert hosted.next_poll_at == hosted.page_closes_at
    pass_time(6)
    assert (hosted.next_poll_at, hosted.page_closes_at) == (None, None)


def test_attempt_begun_just_before_the_expiry_still_settles(hosted, attempt, pass_time):
    pass_time(61)
    attempt("A", APPROVED, told=False)
    pass_time(6)
    assert (hosted.status, hosted.settled_in_cents) == (PaymentStatus.APPROVED, hosted.amount_in_cents)


def test_silent_provider_does_not_close_a_page(hosted, attempt, provider, pass_time):
    attempt("A", DECLINED)
    provider.failures["find_by_reference"] = [GatewayUnavailable("down", sent=False) for _ in range(3)]
    pass_time(6)
    assert hosted.status == PaymentStatus.PENDING
    provider.failures.clear()
    attempt("B", APPROVED, told=False)
    pass_time(20)
    assert hosted.status == PaymentStatus.APPROVED


def test_two_approved_attempts_are_credit_and_an_alert(hosted, attempt, pass_time, user):
    attempt("A", APPROVED)
    attempt("B", APPROVED, told=False)
    pass_time(66)
    assert hosted.settled_in_cents == 2 * hosted.amount_in_cents
    assert AuditEvent.objects.filter(action="payments.payment_approved_twice").count() == 1
    assert (hosted.next_poll_at, Receipt.objects.count()) == (None, 1)


def test_bank_of_an_attempt_does_not_hide_the_page(hosted, attempt):
    attempt("A", PENDING, redirect_url="https://bank.example/", method="PSE")
    assert hosted.redirect_url.startswith("https://checkout.example/")
    assert hosted.transactions.get().method == "PSE"


def test_receipt_names_what_the_payer_chose_on_the_page(hosted, attempt, core, drain_outbox):
    attempt("A", APPROVED, method="NEQUI")
    drain_outbox(reraise=False)
    assert Receipt.objects.get().sha256
    assert core.payments[0][1].method == "NEQUI"
