"""Cards at Wompi: the sandbox gives tokens and decides by number; the adapter never sees more than the token."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
import pytest

from insure_common.testing.http import serve
from insure_integrations.models import ExternalCall
from insure_payments.enums import PaymentMethod, TransactionStatus
from insure_payments.gateways.base import GatewayRefused, GatewayTransaction, OpenRequest
from insure_payments.gateways.wompi import WompiGateway
from insure_payments.testing.wompi import WompiSandbox

# Not in a transaction: the client refuses to call out while one is open.
pytestmark = pytest.mark.django_db(transaction=True)

PUBLIC = {"Authorization": "Bearer pub_test_local"}
APPROVED, DECLINED, ERROR = TransactionStatus.APPROVED, TransactionStatus.DECLINED, TransactionStatus.ERROR


@pytest.fixture
def sandbox() -> WompiSandbox:
    sandbox = WompiSandbox()
    sandbox.control_post({"progress_delay_ms": 0})
    return sandbox


@pytest.fixture
def url(sandbox: WompiSandbox) -> Iterator[str]:
    with serve(sandbox.app) as url:
        yield url


@pytest.fixture
def wompi(sandbox: WompiSandbox, url: str) -> WompiGateway:
    return WompiGateway(environment="test", base_url=f"{url}/v1", **sandbox.keys)


def card(**changes: Any) -> dict[str, Any]:
    return {
        "number": "4242424242424242",
        "cvc": "789",
        "exp_month": "12",
        "exp_year": "39",
        "card_holder": "Ana Pérez",
        **changes,
    }


def tokenize(url: str, headers: dict[str, str] = PUBLIC, **changes: Any) -> httpx.Response:
    return httpx.post(f"{url}/v1/tokens/cards", json=card(**changes), headers=headers)


def open_with(wompi: WompiGateway, token: str, **changes: Any) -> GatewayTransaction:
    values: dict[str, Any] = {
        "reference": "CARD-1-X",
        "amount_in_cents": 11_900_000,
        "currency": "COP",
        "description": "Prima",
        "customer_email": "ana@example.com",
        "customer_name": "Ana Pérez",
        "customer_phone": "310 765 4321",
        "method": {"type": "CARD", "token": token, "installments": 3},
        "return_url": "https://app.example/back",
        "client_address": "190.0.0.7",
        "accepted_documents": tuple(document.permalink for document in wompi.accepted_documents()),
        "expires_at": datetime(2099, 1, 1, tzinfo=UTC),
        "taxes_in_cents": 1_900_000,
        **changes,
    }
    opened = wompi.open(OpenRequest(**values))
    assert isinstance(opened, GatewayTransaction)
    return opened


def wait_until(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + 5
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    assert result
    return result


def final(wompi: WompiGateway, opened: GatewayTransaction) -> GatewayTransaction:
    wait_until(lambda: wompi.fetch(opened.provider_id).status != TransactionStatus.PENDING)
    return wompi.fetch(opened.provider_id)


# Tokens


def test_a_token_stands_for_the_card_and_shows_its_end_only(url):
    answer = tokenize(url)
    assert (answer.status_code, answer.json()["status"]) == (201, "CREATED")
    data = answer.json()["data"]
    assert data["id"].startswith("tok_test_")
    assert (data["brand"], data["last_four"], data["bin"]) == ("VISA", "4242", "424242")
    assert "4242424242424242" not in answer.text
    assert "789" not in answer.text.replace(data["id"], "")


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"number": "4242"}, "number", 'debe coincidir con el patron "^\\d{12,19}$"'),
        ({"number": "4242424242424241"}, "number", "El número de tarjeta es inválido. Luhn check falló."),
        ({"cvc": "1"}, "cvc", None),
        ({"exp_month": "13"}, "exp_month", None),
        ({"exp_year": "2039"}, "exp_year", None),
        ({"exp_year": "20"}, "exp_year", None),
        ({"card_holder": "Ana"}, "card_holder", None),
    ],
)
def test_each_rule_of_a_card_is_refused_one_at_a_time(url, changes, field, message):
    answer = tokenize(url, **changes)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], list(error["messages"])) == (422, "INPUT_VALIDATION_ERROR", [field])
    assert message in (None, error["messages"][field][0])


def test_a_token_needs_the_public_key_of_the_merchant(url):
    answer = tokenize(url, headers={"Authorization": "Bearer pub_test_other"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "MERCHANT_NOT_FOUND")


# Transactions


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        ("4242424242424242", APPROVED, ""),
        ("4111111111111111", DECLINED, "La transacción fue rechazada (Sandbox)"),
        ("5555555555554444", ERROR, "Transacción con ERROR en Sandbox"),
        ("2303779951000297", APPROVED, ""),
        ("2303779951000453", DECLINED, "La transacción fue rechazada (Sandbox)"),
        ("2303779951000354", ERROR, "Transacción con ERROR en Sandbox"),
        ("2303779951000347", ERROR, "Transacción con ERROR en Sandbox"),
    ],
)
def test_the_number_behind_the_token_decides_and_nobody_is_sent_anywhere(wompi, url, number, status, message):
    opened = open_with(wompi, tokenize(url, number=number).json()["data"]["id"])
    assert (opened.status, opened.method, opened.redirect_url) == (TransactionStatus.PENDING, "CARD", "")
    closed = final(wompi, opened)
    assert (closed.status, closed.message, closed.redirect_url, closed.trace_code) == (status, message, "", "")


def test_a_card_that_asks_for_more_sends_the_payer_to_its_bank(wompi, url):
    opened = open_with(wompi, tokenize(url, number="2303779951000446").json()["data"]["id"])
    page = wait_until(lambda: wompi.fetch(opened.provider_id).redirect_url)
    assert wompi.fetch(opened.provider_id).status == TransactionStatus.PENDING
    shown = httpx.get(page)
    assert "Verificación de tu tarjeta" in shown.text
    back = httpx.post(page.replace("redirect?", "redirect/aprobar?"))
    assert back.headers["location"].startswith("https://app.example/back?id=")
    assert final(wompi, opened).status == APPROVED


def test_wompi_gets_token_installments_signature_and_taxes(sandbox, wompi, url):
    token = tokenize(url).json()["data"]["id"]
    open_with(wompi, token)
    [created] = sandbox.transactions
    assert created["payment_method"]["installments"] == 3
    assert created["taxes"] == [{"type": "VAT", "amount_in_cents": 1_900_000}]
    assert created["payment_method"]["extra"]["last_four"] == "4242"
    assert token not in json.dumps(sandbox.transactions)


def test_a_token_serves_twice(wompi, url):
    token = tokenize(url).json()["data"]["id"]
    for number in range(2):
        open_with(wompi, token, reference=f"CARD-{number}-X")
    with pytest.raises(GatewayRefused, match="token"):
        open_with(wompi, token, reference="CARD-3-X")


def test_an_unknown_token_is_a_refusal(wompi):
    with pytest.raises(GatewayRefused, match="token"):
        open_with(wompi, "tok_test_unknown")


def test_a_merchant_without_cards_is_a_refusal_and_does_not_list_them(sandbox, wompi, url):
    token = tokenize(url).json()["data"]["id"]
    sandbox.control_post({"methods": ["PSE"]})
    assert wompi.list_methods() == [PaymentMethod.PSE, PaymentMethod.CHECKOUT]
    with pytest.raises(GatewayRefused, match="No hay una identidad de pago para CARD"):
        open_with(wompi, token)


def test_the_token_is_in_neither_call_log_nor_logs(wompi, url, caplog):
    token = tokenize(url).json()["data"]["id"]
    with caplog.at_level(logging.DEBUG, logger="insure_integrations"):
        open_with(wompi, token)
        with pytest.raises(GatewayRefused):
            open_with(wompi, "tok_test_unknown", reference="CARD-2-X")
    kept = "".join(f"{call.request} {call.response}" for call in ExternalCall.objects.all())
    for text in (kept, caplog.text):
        assert token not in text
        assert "tok_test_unknown" not in text


@pytest.mark.parametrize(
    ("phone", "status"), [("3991111111", "APPROVED"), ("3992222222", "DECLINED"), ("3107654321", "ERROR")]
)
def test_the_number_of_a_nequi_account_decides(sandbox, url, phone, status):
    with httpx.Client(base_url=f"{url}/v1") as http:
        merchant = http.get("/merchants/info", headers={"x-merchant-public-key": "pub_test_local"}).json()["data"]
        body = {
            "amount_in_cents": 4_490_000,
            "currency": "COP",
            "reference": "NEQUI-1-X",
            "signature": sha256(b"NEQUI-1-X4490000COPtest_integrity_local").hexdigest(),
            "customer_email": "ana@example.com",
            "acceptance_token": merchant["presigned_acceptance"]["acceptance_token"],
            "accept_personal_auth": merchant["presigned_personal_data_auth"]["acceptance_token"],
            "payment_method": {"type": "NEQUI", "phone_number": phone},
        }
        assert http.post("/transactions", json=body, headers=PUBLIC).status_code == 201
    wait_until(lambda: sandbox.transactions[0]["status"] == status)
