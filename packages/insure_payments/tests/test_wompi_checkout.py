"""The hosted page: its address is made and signed here, and the sandbox lets nobody pay on any other."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from insure_common.testing.http import serve
from insure_payments.gateways.base import GatewayRefused, HostedPage, OpenRequest, gateway_problems
from insure_payments.gateways.wompi import WompiGateway
from insure_payments.gateways.wompi_signature import expiration_text, integrity_signature
from insure_payments.testing.wompi import WompiSandbox


@pytest.fixture
def sandbox() -> WompiSandbox:
    return WompiSandbox()


@pytest.fixture
def url(sandbox: WompiSandbox) -> Iterator[str]:
    with serve(sandbox.app) as url:
        yield url


@pytest.fixture
def wompi(sandbox: WompiSandbox, url: str) -> WompiGateway:
    return WompiGateway(
        environment="test", base_url="https://unasked.example", checkout_url=f"{url}/p/", **sandbox.keys
    )


@pytest.fixture
def order(clock: Any) -> OpenRequest:
    return OpenRequest(
        reference="PAY-1-X",
        amount_in_cents=11_900_000,
        currency="COP",
        description="Prima",
        customer_email="ana@example.com",
        customer_name="Ana Pérez & Ñáñez",
        customer_phone="310 765 4321",
        method={"type": "CHECKOUT"},
        return_url="https://app.example/back?from=page",
        client_address="190.0.0.7",
        accepted_documents=(),
        expires_at=clock.now() + timedelta(minutes=60),
        taxes_in_cents=1_900_000,
    )


def page_of(wompi: WompiGateway, order: OpenRequest) -> str:
    page = wompi.open(order)
    assert isinstance(page, HostedPage)
    return page.redirect_url


def attempt(page: str, outcome: str, method: str = "NEQUI") -> httpx.Response:
    """What a browser does on a button of the page."""
    shown = httpx.get(page)
    action = next(action for action in re.findall(r'formaction="([^"]+)"', shown.text) if action.startswith(outcome))
    return httpx.post(urljoin(page, action.replace("&amp;", "&")), data={"method": method})


# The address


def test_the_signature_with_an_expiration_is_the_documented_one():
    signature = integrity_signature(
        reference="sk8-438k4-xmxm392-sn2m",
        amount_in_cents=2_490_000,
        currency="COP",
        expiration_time="2023-06-09T20:28:50.000Z",
        integrity_secret="prod_integrity_Z5mMke9x0k8gpErbDqwrJXMqsI6SFli6",
    )
    assert signature == "e972f58e7de36b283fbb93d9318d39a54ffdff4e8e917b534f30d63c9d7bb89c"


def test_an_expiration_has_milliseconds_and_a_z():
    bogota = datetime.fromisoformat("2023-06-09T15:28:50.000999-05:00")
    assert expiration_text(bogota) == "2023-06-09T20:28:50.000Z"
    assert expiration_text(datetime(2023, 6, 9, tzinfo=UTC)) == "2023-06-09T00:00:00.000Z"


def test_the_address_carries_what_the_payment_says(wompi, order):
    address = urlsplit(page_of(wompi, order))
    fields = dict(parse_qsl(address.query))
    signed = f"PAY-1-X11900000COP{expiration_text(order.expires_at)}test_integrity_local"
    assert fields == {
        "public-key": "pub_test_local",
        "currency": "COP",
        "amount-in-cents": "11900000",
        "reference": "PAY-1-X",
        "signature:integrity": sha256(signed.encode()).hexdigest(),
        "expiration-time": expiration_text(order.expires_at),
        "redirect-url": "https://app.example/back?from=page",
        "tax-in-cents:vat": "1900000",
        "customer-data:email": "ana@example.com",
        "customer-data:full-name": "Ana Pérez & Ñáñez",
        "customer-data:phone-number-prefix": "+57",
        "customer-data:phone-number": "3107654321",
    }


def test_what_is_not_known_is_left_out(wompi, order):
    bare = replace(order, taxes_in_cents=0, customer_name="", customer_phone="+1 305 555 0123")
    fields = parse_qs(urlsplit(page_of(wompi, bare)).query)
    assert not any(name.startswith(("tax", "customer-data:full", "customer-data:phone")) for name in fields)


def test_no_secret_is_in_the_address(wompi, order):
    page = page_of(wompi, order)
    assert not any(secret in page for secret in ("test_integrity", "prv_test", "test_events"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount_in_cents": 149_999}, "monto mínimo"),
        ({"currency": "USD"}, "Debe ser igual a COP"),
        ({"customer_name": "Ñ" * 2000}, "too long"),
    ],
)
def test_what_the_page_would_refuse_is_refused_at_once(wompi, order, changes, message):
    with pytest.raises(GatewayRefused, match=message):
        wompi.open(replace(order, **changes))


def test_an_unencrypted_page_is_refused_at_start(settings, sandbox):
    options = {"environment": "test", "base_url": "https://sandbox.wompi.co/v1", **sandbox.keys}
    adapter = {"gateway": "insure_payments.gateways.wompi.WompiGateway", **options}
    settings.INSURE_PAYMENTS = {"GATEWAYS": {"WOMPI": adapter}}
    assert gateway_problems() == []
    settings.INSURE_PAYMENTS = {"GATEWAYS": {"WOMPI": {**adapter, "checkout_url": "http://pay.example/"}}}
    assert gateway_problems() == ["WOMPI: checkout_url: must be an https:// URL (http:// on the loopback address only)"]


# The page


def test_the_page_shows_the_order_and_every_method_of_the_merchant(wompi, order):
    shown = httpx.get(page_of(wompi, order))
    assert shown.status_code == 200
    for text in ("$ 119.000", "$ 19.000", "PAY-1-X", "Ana Pérez &amp; Ñáñez", "Tarjeta", "PSE", "Nequi", "Bancolombia"):
        assert text in shown.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount-in-cents": "150000"}, "La firma es inválida"),
        ({"reference": "PAY-2-X"}, "La firma es inválida"),
        ({"expiration-time": "2099-01-01T00:00:00.000Z"}, "La firma es inválida"),
        ({"expiration-time": ""}, "La firma es inválida"),
        ({"signature:integrity": ""}, "signature:integrity: No está presente"),
        ({"public-key": "pub_test_other"}, "La llave pública no es válida"),
        ({"currency": "USD"}, "currency: Debe ser igual a COP"),
        ({"amount-in-cents": "1e7"}, "amount-in-cents: Debe ser un número entero"),
    ],
)
def test_an_altered_address_cannot_be_paid(sandbox, wompi, order, changes, reason):
    page = urlsplit(page_of(wompi, order))
    fields = {**dict(parse_qsl(page.query)), **changes}
    altered = page._replace(query=urlencode(fields)).geturl()
    shown = httpx.get(altered)
    assert (shown.status_code, reason in shown.text) == (422, True)
    assert httpx.post(altered.replace("/p/?", "/p/aprobar?"), data={"method": "NEQUI"}).status_code == 422
    assert sandbox.transactions == []


def test_an_upper_case_signature_is_refused(wompi, order):
    page = page_of(wompi, order)
    signature = parse_qs(urlsplit(page).query)["signature:integrity"][0]
    assert "La firma es inválida" in httpx.get(page.replace(signature, signature.upper())).text


def test_an_expired_page_cannot_be_paid(sandbox, wompi, order, clock):
    page = page_of(wompi, order)
    clock.travel(timedelta(minutes=61))
    assert "El tiempo para pagar expiró" in httpx.get(page).text
    assert httpx.post(page.replace("/p/?", "/p/aprobar?"), data={"method": "NEQUI"}).status_code == 422
    assert sandbox.transactions == []


def test_an_approved_attempt_sends_the_payer_back(sandbox, wompi, order):
    answer = attempt(page_of(wompi, order), "aprobar", "CARD")
    [paid] = sandbox.transactions
    assert answer.status_code == 303
    assert answer.headers["location"] == f"https://app.example/back?from=page&id={paid['id']}&env=test"
    assert (paid["status"], paid["reference"], paid["payment_method_type"]) == ("APPROVED", "PAY-1-X", "CARD")
    assert (paid["amount_in_cents"], paid["customer_email"]) == (11_900_000, "ana@example.com")


def test_the_page_works_behind_a_prefix(sandbox, order):
    """As in the local stack, where the sandboxes of several systems share one address."""
    with serve(Starlette(routes=[Mount("/wompi", sandbox.app)])) as url:
        addresses = {"base_url": f"{url}/wompi/v1", "checkout_url": f"{url}/wompi/p/"}
        page = page_of(WompiGateway(environment="test", **addresses, **sandbox.keys), order)
        declined = attempt(page, "rechazar")
        assert urljoin(page, declined.headers["location"]) == page
        attempt(page, "aprobar")
    assert [transaction["status"] for transaction in sandbox.transactions] == ["DECLINED", "APPROVED"]


def test_a_failed_attempt_can_be_tried_again_with_another_id(sandbox, wompi, order):
    page = page_of(wompi, order)
    declined = attempt(page, "rechazar", "PSE")
    again = httpx.get(urljoin(page, declined.headers["location"]))
    assert "Puedes intentar de nuevo" in again.text
    attempt(page, "aprobar")
    first, second = sandbox.transactions
    assert first["reference"] == second["reference"]
    assert first["id"] != second["id"]
    assert [first["status"], second["status"]] == ["DECLINED", "APPROVED"]


def test_trying_again_is_possible_for_three_minutes(sandbox, wompi, order, clock):
    page = page_of(wompi, order)
    attempt(page, "error")
    clock.travel(timedelta(minutes=2, seconds=59))
    attempt(page, "rechazar")
    clock.travel(timedelta(minutes=3, seconds=1))
    assert "El tiempo para reintentar el pago terminó" in httpx.get(page).text
    assert len(sandbox.transactions) == 2


def test_what_is_paid_cannot_be_paid_again(wompi, order):
    page = page_of(wompi, order)
    attempt(page, "aprobar")
    assert "Este pago ya fue realizado" in httpx.get(page).text


def test_two_tabs_can_pay_twice(sandbox, wompi, order):
    page = page_of(wompi, order)
    for _ in range(2):
        attempt(page, "pendiente", "PSE")
    for transaction in sandbox.transactions:
        sandbox.finish(transaction["id"], "APPROVED")
    assert [transaction["status"] for transaction in sandbox.transactions] == ["APPROVED", "APPROVED"]


def test_a_method_that_the_merchant_has_not_is_refused(sandbox, wompi, order):
    page = page_of(wompi, order)
    sandbox.control_post({"methods": ["PSE"]})
    assert httpx.post(page.replace("/p/?", "/p/aprobar?"), data={"method": "NEQUI"}).status_code == 422
    assert httpx.post(page.replace("/p/?", "/p/robar?"), data={"method": "PSE"}).status_code == 422
    assert sandbox.transactions == []


def test_a_payer_is_only_sent_to_web_addresses(wompi, order, clock):
    page = page_of(wompi, replace(order, return_url="javascript:alert(1)"))
    clock.travel(timedelta(minutes=61))
    assert "javascript:" not in httpx.get(page).text
