"""A client pays by card and on Wompi's page: the real gateway, the sandbox over HTTP, signed events."""

import re
import time
from datetime import timedelta
from urllib.parse import urljoin

import httpx
import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from insure_audit.public import AuditEvent
from insure_common.ids import new_id
from insure_payments.enums import CaseOutcome, ChargeStatus, FailureReason, PaymentStatus
from insure_payments.models import ChargeHold, Payment, Receipt
from insure_payments.public import verify_ledger
from insure_payments.services.refresh_catalog import refresh_catalog
from insure_payments.services.sweep_payments import sweep_pending_payments
from insure_payments.services.void_payment import void_payment
from insure_payments.testing import factories

# The gateway's client refuses to call out while a transaction is open.
pytestmark = pytest.mark.django_db(transaction=True)

ROOT = "/api/v1"


@pytest.fixture
def start(wompi, api, user, charge, drain_outbox):
    """Start a payment over the API and let a worker open it."""

    def start(method):
        api.force_authenticate(user)
        refresh_catalog(provider="WOMPI")
        documents = api.get(f"{ROOT}/payment-methods/").json()["accepted_documents"]
        body = {
            "charge_ids": [str(charge.pk)],
            "method": method,
            "accepted_documents": [document["permalink"] for document in documents],
        }
        answer = api.post(f"{ROOT}/payments/", body, headers={"Idempotency-Key": str(new_id())})
        assert answer.status_code == 202, answer.json()
        drain_outbox()
        return Payment.objects.get(pk=answer.json()["id"])

    return start


@pytest.fixture
def token(wompi, settings):
    """A token of Wompi for a card number, as the payer's device gets it."""

    def token(number):
        url = settings.INSURE_PAYMENTS["GATEWAYS"]["WOMPI"]["base_url"]
        card = {"number": number, "cvc": "123", "exp_month": "12", "exp_year": "39", "card_holder": "Ana Pérez"}
        headers = {"Authorization": f"Bearer {wompi.keys['public_key']}"}
        return httpx.post(f"{url}/tokens/cards", json=card, headers=headers).json()["data"]["id"]

    return token


def press(payment, outcome, method="NEQUI"):
    """A button of the hosted page."""
    shown = httpx.get(payment.redirect_url)
    action = next(action for action in re.findall(r'formaction="([^"]+)"', shown.text) if action.startswith(outcome))
    httpx.post(urljoin(payment.redirect_url, action.replace("&amp;", "&")), data={"method": method})


def everything_stored():
    """All rows of all tables, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        texts = []
        for table in tables:
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM \"{table}\" t")
            texts.append(str(cursor.fetchone()[0]))
    return " ".join(texts)


def test_card_is_charged_and_leaves_nothing_but_its_end(start, token, settle, user, wompi):
    number = "4242424242424242"
    card_token = token(number)
    payment = start({"type": "CARD", "token": card_token, "installments": 12})
    assert settle(payment).status == PaymentStatus.APPROVED
    assert payment.transactions.get().method == "CARD"
    assert wompi.transactions[0]["payment_method"]["installments"] == 12
    stored = everything_stored()
    assert payment.reference in stored
    assert card_token not in stored
    assert number not in stored
    assert Receipt.objects.get().sha256
    assert verify_ledger().problems == []


def test_refused_card_frees_the_charge(start, token, settle):
    payment = start({"type": "CARD", "token": token("4111111111111111"), "installments": 1})
    assert settle(payment).status == PaymentStatus.DECLINED
    assert payment.transactions.get().message == "La transacción fue rechazada (Sandbox)"
    assert not ChargeHold.objects.exists()


def test_card_that_asks_for_more_shows_its_page(start, token, settle, clock, drain_outbox):
    payment = start({"type": "CARD", "token": token("2303779951000446"), "installments": 1})
    clock.travel(timedelta(seconds=2))
    drain_outbox()
    payment.refresh_from_db()
    httpx.post(payment.redirect_url.replace("redirect?", "redirect/aprobar?"))
    assert settle(payment).status == PaymentStatus.APPROVED


def test_token_that_wompi_does_not_know_fails_the_payment(start, user):
    payment = start({"type": "CARD", "token": "tok_test_unknown", "installments": 1})
    assert (payment.status, payment.failure_reason) == (PaymentStatus.ERROR, FailureReason.PROVIDER_REFUSED)


def test_payer_declined_on_the_page_pays_in_another_way(start, settle, drain_outbox, wompi, core):
    payment = start({"type": "CHECKOUT"})
    assert payment.redirect_url
    press(payment, "rechazar", "CARD")
    wompi.send_event(payment.reference)
    drain_outbox(reraise=False)
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PENDING
    assert payment.transactions.get().status == "DECLINED"
    press(payment, "aprobar", "NEQUI")
    assert settle(payment).status == PaymentStatus.APPROVED
    drain_outbox(reraise=False)
    assert sorted(payment.transactions.values_list("status", "method")) == [("APPROVED", "NEQUI"), ("DECLINED", "CARD")]
    assert core.payments[0][1].method == "NEQUI"
    assert verify_ledger().problems == []


def test_page_whose_events_are_all_lost_is_found_by_its_reference(start, settle, wompi, clock):
    wompi.control_post({"events": {"drop_rate": 1}})
    payment = start({"type": "CHECKOUT"})
    press(payment, "error")
    press(payment, "aprobar")
    clock.travel(timedelta(seconds=61))
    sweep_pending_payments()
    assert settle(payment).status == PaymentStatus.APPROVED
    assert payment.transactions.count() == 2


def test_payer_who_gives_up_is_declined_and_may_pay_otherwise(start, wompi, drain_outbox, clock):
    wompi.control_post({"events": {"drop_rate": 1}})
    payment = start({"type": "CHECKOUT"})
    press(payment, "rechazar")
    for _ in range(9):
        clock.travel(timedelta(minutes=1))
        sweep_pending_payments()
        drain_outbox(reraise=False)
    payment.refresh_from_db()
    assert (payment.status, payment.failure_reason) == (PaymentStatus.DECLINED, FailureReason.DECLINED)
    assert not ChargeHold.objects.exists()


def test_payer_who_pays_in_two_tabs_gets_credit_and_we_an_alert(start, wompi, settle, drain_outbox, user):
    payment = start({"type": "CHECKOUT"})
    for _ in range(2):
        press(payment, "pendiente", "PSE")
    for transaction in wompi.transactions:
        wompi.finish(transaction["id"], "APPROVED")
        wompi.send_event(transaction["id"])
    drain_outbox(reraise=False)
    payment.refresh_from_db()
    assert payment.settled_in_cents == 2 * payment.amount_in_cents
    assert AuditEvent.objects.filter(action="payments.payment_approved_twice").count() == 1
    assert verify_ledger().problems == []


def test_card_payment_is_voided_by_an_operator(start, token, settle, charge, drain_outbox):
    payment = settle(start({"type": "CARD", "token": token("4242424242424242"), "installments": 1}))
    assert payment.status == PaymentStatus.APPROVED
    operator = factories.make_user()
    operator.user_permissions.add(Permission.objects.get(codename="void_any_payment"))
    void_payment(actor=operator, payment_id=payment.pk, reason="Cobro duplicado")
    for _ in range(50):
        drain_outbox(reraise=False)
        payment.refresh_from_db()
        if payment.status == PaymentStatus.VOIDED:
            break
        time.sleep(0.1)
    charge.refresh_from_db()
    assert (payment.status, charge.status) == (PaymentStatus.VOIDED, ChargeStatus.OPEN)
    assert payment.cases.get().outcome == CaseOutcome.VOIDED
    assert verify_ledger().problems == []
