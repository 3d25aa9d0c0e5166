"""Voids at Wompi: what the sandbox answers, and what the adapter makes of it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from insure_common.testing.http import serve
from insure_payments.enums import TransactionStatus
from insure_payments.gateways.base import GatewayRefused, GatewayTransaction, GatewayUnavailable, OpenRequest
from insure_payments.gateways.wompi import WompiGateway
from insure_payments.testing.factories import METHOD
from insure_payments.testing.wompi import WompiSandbox

# Not in a transaction: the client refuses to call out while one is open.
pytestmark = pytest.mark.django_db(transaction=True)

PUBLIC, PRIVATE = ({"Authorization": f"Bearer {key}"} for key in ("pub_test_local", "prv_test_local"))
CARD = {"number": "4242424242424242", "cvc": "789", "exp_month": "12", "exp_year": "39", "card_holder": "Ana Pérez"}


@pytest.fixture
def sandbox() -> WompiSandbox:
    sandbox = WompiSandbox()
    sandbox.control_post({"progress_delay_ms": 0})
    return sandbox


@pytest.fixture
def url(sandbox: WompiSandbox) -> Iterator[str]:
    with serve(sandbox.app) as url:
        yield f"{url}/v1"


@pytest.fixture
def wompi(sandbox: WompiSandbox, url: str) -> WompiGateway:
    return WompiGateway(environment="test", base_url=url, **sandbox.keys)


def wait_until(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + 5
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    assert result
    return result


def pay(wompi: WompiGateway, method: dict[str, Any]) -> str:
    request = OpenRequest(
        reference="VOID-1-X",
        amount_in_cents=11_900_000,
        currency="COP",
        description="Prima",
        customer_email="ana@example.com",
        customer_name="Ana Pérez",
        customer_phone="310 765 4321",
        method=method,
        return_url="https://app.example/back",
        client_address="190.0.0.7",
        accepted_documents=tuple(document.permalink for document in wompi.accepted_documents()),
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )
    opened = wompi.open(request)
    assert isinstance(opened, GatewayTransaction)
    return opened.provider_id


@pytest.fixture
def paid(wompi: WompiGateway, url: str) -> str:
    """The id of an approved transaction by card."""
    token = httpx.post(f"{url}/tokens/cards", json=CARD, headers=PUBLIC).json()["data"]["id"]
    number = pay(wompi, {"type": "CARD", "token": token, "installments": 1})
    wait_until(lambda: wompi.fetch(number).status == TransactionStatus.APPROVED)
    return number


@pytest.fixture
def paid_by_pse(sandbox: WompiSandbox, wompi: WompiGateway) -> str:
    number = pay(wompi, METHOD)
    sandbox.finish(number, "APPROVED")
    return number


def void(url: str, number: str, headers: dict[str, str] = PRIVATE) -> httpx.Response:
    return httpx.post(f"{url}/transactions/{number}/void", headers=headers)


# The sandbox


def test_void_is_accepted_at_once_and_done_moments_later(url, wompi, paid):
    answer = void(url, paid)
    data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["transaction"]["status"]) == (201, "APPROVED", "APPROVED")
    wait_until(lambda: wompi.fetch(paid).status == TransactionStatus.VOIDED)
    again = void(url, paid)
    assert (again.status_code, again.json()["data"]["status"]) == (201, "ERROR")


def test_refused_void_is_a_201_too(url, paid_by_pse):
    answer = void(url, paid_by_pse)
    data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["status_message"]) == (201, "ERROR", "Original no Encontrado")


def test_card_is_voided_on_the_day_of_its_payment_only(url, paid, clock):
    clock.travel(timedelta(days=1))
    assert void(url, paid).json()["data"]["status"] == "ERROR"


def test_void_needs_the_private_key_and_a_known_id(url, paid):
    assert void(url, paid, PUBLIC).status_code == 401
    assert void(url, "1-1-1").status_code == 404


# The adapter


def test_void_is_asked_for_and_read_moments_later(wompi, paid):
    wompi.void(paid)
    wait_until(lambda: wompi.fetch(paid).status == TransactionStatus.VOIDED)


def test_void_refused_with_a_201_is_a_refusal(sandbox, wompi, paid):
    sandbox.control_post({"refuse_voids": True})
    with pytest.raises(GatewayRefused, match="Original no Encontrado"):
        wompi.void(paid)
    assert wompi.fetch(paid).status == TransactionStatus.APPROVED


def test_payment_by_pse_is_not_voided(wompi, paid_by_pse):
    with pytest.raises(GatewayRefused):
        wompi.void(paid_by_pse)


def test_void_of_an_unknown_id_is_a_refusal(wompi):
    with pytest.raises(GatewayRefused):
        wompi.void("1-1-1")


@pytest.mark.parametrize(("kind", "sent"), [("bad_gateway", True), ("truncated", True), ("too_many_requests", False)])
def test_unusable_answer_tells_whether_the_void_may_have_arrived(sandbox, wompi, paid, kind, sent):
    sandbox.control_post({"force": {"void": {"kind": kind}}})
    with pytest.raises(GatewayUnavailable) as raised:
        wompi.void(paid)
    assert raised.value.sent is sent


def test_dead_provider_was_sent_nothing(sandbox):
    with pytest.raises(GatewayUnavailable) as raised:
        WompiGateway(environment="test", base_url="http://127.0.0.1:1/v1", **sandbox.keys).void("1-1-1")
    assert not raised.value.sent


def test_empty_answer_is_an_acceptance(sandbox):
    path = "/v1/transactions/{id}/void"
    empty = Starlette(routes=[Route(path, lambda _: Response(status_code=201), methods=["POST"])])
    with serve(empty) as url:
        WompiGateway(environment="test", base_url=f"{url}/v1", **sandbox.keys).void("1-1-1")
