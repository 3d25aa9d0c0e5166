"""WompiGateway against the sandbox, over real HTTP and with the real call log."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from insure_common import clock
from insure_common.testing.http import serve
from insure_integrations.models import ExternalCall
from insure_payments.enums import TransactionStatus
from insure_payments.gateways.base import (
    AcceptanceOutdated,
    GatewayRefused,
    GatewayUnavailable,
    InvalidSignature,
    OpenRequest,
    gateway,
    gateway_problems,
)
from insure_payments.gateways.edge import international_phone
from insure_payments.gateways.wompi import WompiGateway
from insure_payments.gateways.wompi_signature import integrity_signature
from insure_payments.periods import start_of
from insure_payments.testing.wompi import WompiSandbox

# Not in a transaction: the client refuses to call out while one is open.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox() -> WompiSandbox:
    sandbox = WompiSandbox()
    sandbox.control_post({"progress_delay_ms": 0})
    return sandbox


@pytest.fixture
def options(sandbox: WompiSandbox) -> Iterator[dict[str, Any]]:
    with serve(sandbox.app) as url:
        yield {"environment": "test", "base_url": f"{url}/v1", **sandbox.keys}


@pytest.fixture
def wompi(options: dict[str, Any]) -> WompiGateway:
    return WompiGateway(**options)


@pytest.fixture
def request_(wompi: WompiGateway) -> OpenRequest:
    return OpenRequest(
        reference="PAY-1-X",
        amount_in_cents=11_900_000,
        currency="COP",
        description="Prima de la póliza de automóviles 123",
        customer_email="ana@example.com",
        customer_name="Ana Pérez",
        customer_phone="310 765 4321",
        method={
            "type": "PSE",
            "institution": "1",
            "person_type": "NATURAL",
            "id_type": "CC",
            "id_number": "1099888777",
        },
        return_url="https://app.example/back",
        client_address="190.0.0.7",
        accepted_documents=tuple(document.permalink for document in wompi.accepted_documents()),
        expires_at=datetime(2026, 11, 25, 16, 0, tzinfo=UTC),
        taxes_in_cents=1_900_000,
    )


def wait_until(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + 5
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    assert result
    return result


def force(sandbox: WompiSandbox, operation: str, kind: str, times: int = 1) -> None:
    sandbox.control_post({"force": {operation: {"kind": kind, "times": times}}})


def test_the_signature_is_the_documented_one():
    parts = {"reference": "sk8-438k4-xmxm392-sn2m", "amount_in_cents": 2_490_000, "currency": "COP"}
    secret = "prod_integrity_Z5mMke9x0k8gpErbDqwrJXMqsI6SFli6"
    expected = "37c8407747e595535433ef8f6a811d853cd943046624a0ec04662b17bbf33bf5"
    assert integrity_signature(**parts, integrity_secret=secret) == expected


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("310 765 4321", "573107654321"),
        ("+57 310 7654321", "573107654321"),
        ("573107654321", "573107654321"),
        ("+1 (305) 555-01234", "130555501234"),
        ("", ""),
    ],
)
def test_phones_carry_the_country_code(phone, expected):
    assert international_phone(phone) == expected


# Opening


def test_opening_creates_a_pending_transaction_with_what_pse_needs(sandbox, wompi, request_):
    opened = wompi.open(request_)
    assert (opened.status, opened.redirect_url, opened.finalized_at) == (TransactionStatus.PENDING, "", None)
    assert (opened.provider, opened.reference, opened.environment) == ("WOMPI", "PAY-1-X", "test")
    assert (opened.amount_in_cents, opened.currency, opened.method) == (11_900_000, "COP", "PSE")
    [created] = sandbox.transactions
    assert created["id"] == opened.provider_id
    assert created["taxes"] == [{"type": "VAT", "amount_in_cents": 1_900_000}]
    assert created["customer_data"] == {"full_name": "Ana Pérez", "phone_number": "573107654321"}
    method = created["payment_method"]
    assert method["payment_description"] == "Prima de la póliza de automóvi"
    assert (method["user_type"], method["user_legal_id_type"], method["reference_one"]) == (0, "CC", "190.0.0.7")


def test_each_attempt_uses_acceptance_tokens_of_its_own(wompi, request_):
    for number in range(3):
        wompi.open(replace(request_, reference=f"PAY-{number}-X"))


def test_documents_that_the_payer_did_not_accept_open_nothing(sandbox, wompi, request_):
    sandbox.control_post({"documents_version": 2})
    with pytest.raises(AcceptanceOutdated):
        wompi.open(request_)
    with pytest.raises(AcceptanceOutdated):
        wompi.open(replace(request_, accepted_documents=()))
    assert sandbox.transactions == []


def test_a_second_request_with_the_reference_answers_the_first_transaction(sandbox, wompi, request_):
    first = wompi.open(request_)
    assert wompi.open(request_).provider_id == first.provider_id
    assert len(sandbox.transactions) == 1


def test_a_used_reference_that_cannot_be_read_counts_as_sent(sandbox, wompi, request_):
    wompi.open(request_)
    force(sandbox, "list", "truncated")
    with pytest.raises(GatewayUnavailable) as failure:
        wompi.open(request_)
    assert failure.value.sent


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount_in_cents": 100}, "monto mínimo"),
        ({"customer_email": "ana"}, "customer_email: Email inválido"),
        ({"currency": "USD"}, "currency: Debe ser igual a COP"),
    ],
)
def test_a_refusal_carries_wompis_words(wompi, request_, changes, message):
    with pytest.raises(GatewayRefused, match=message):
        wompi.open(replace(request_, **changes))


def test_a_disabled_method_is_a_refusal(sandbox, wompi, request_):
    sandbox.control_post({"methods": ["CARD"]})
    with pytest.raises(GatewayRefused, match="No hay una identidad de pago para PSE"):
        wompi.open(request_)


def test_a_document_that_pse_does_not_list_needs_a_mapping(sandbox, options, wompi, request_):
    request_ = replace(request_, method={**request_.method, "id_type": "PPT", "person_type": "LEGAL"})
    with pytest.raises(GatewayRefused, match="PPT"):
        wompi.open(request_)
    WompiGateway(**options, document_types={"PPT": "CE"}).open(request_)
    method = sandbox.transactions[0]["payment_method"]
    assert (method["user_legal_id_type"], method["user_type"]) == ("CE", 1)


def test_a_method_that_is_not_spoken_is_a_refusal(wompi, request_):
    with pytest.raises(GatewayRefused, match="NEQUI"):
        wompi.open(replace(request_, method={"type": "NEQUI"}))


def test_a_lost_answer_is_settled_by_the_reference(sandbox, options, request_):
    sandbox.control_post({"hang_ms": 1000})
    force(sandbox, "create", "timeout")
    impatient = WompiGateway(**options, read_seconds=0.3)
    with pytest.raises(GatewayUnavailable) as failure:
        impatient.open(request_)
    assert failure.value.sent
    [found] = impatient.find_by_reference("PAY-1-X")
    assert found.provider_id == sandbox.transactions[0]["id"]


@pytest.mark.parametrize(
    ("operation", "kind", "sent"),
    [
        ("create", "bad_gateway", True),
        ("create", "truncated", True),
        ("create", "too_many_requests", False),
        ("merchant", "truncated", False),
    ],
)
def test_an_unusable_answer_tells_whether_the_request_may_have_arrived(sandbox, wompi, request_, operation, kind, sent):
    force(sandbox, operation, kind)
    with pytest.raises(GatewayUnavailable) as failure:
        wompi.open(request_)
    assert failure.value.sent is sent


def test_a_dead_provider_was_sent_nothing(options, request_):
    with pytest.raises(GatewayUnavailable) as failure:
        WompiGateway(**options | {"base_url": "http://127.0.0.1:1/v1"}).open(request_)
    assert not failure.value.sent


def test_a_refused_key_is_an_alert_and_is_never_repeated(options, request_, caplog):
    broken = WompiGateway(**options | {"private_key": "prv_test_mistyped"})
    with caplog.at_level(logging.ERROR), pytest.raises(GatewayRefused) as refusal:
        broken.open(request_)
    assert str(refusal.value) == "HTTP 401"
    assert "refuses our key" in caplog.text
    with pytest.raises(GatewayUnavailable):
        broken.find_by_reference("PAY-1-X")
    assert "mistyped" not in caplog.text


def test_the_call_log_holds_no_secret_and_no_personal_data(sandbox, wompi, request_):
    opened = wompi.open(request_)
    wait_until(lambda: wompi.fetch(opened.provider_id).redirect_url)
    calls = list(ExternalCall.objects.values("operation", "request", "response", "path"))
    log = json.dumps(calls, ensure_ascii=False)
    assert "wompi.open" in log
    personal = ("ana@example.com", "Ana Pérez", "3107654321", "1099888777", "190.0.0.7", "ticket_id")
    secrets = (value for name, value in sandbox.keys.items() if name != "public_key")
    for hidden in (*secrets, *personal):
        assert hidden not in log


# Reading


@pytest.mark.parametrize(("bank", "status"), [("1", "APPROVED"), ("2", "DECLINED"), ("3", "ERROR")])
def test_a_final_state_is_read_with_its_details(sandbox, wompi, request_, bank, status):
    sandbox.control_post({"mode": "sandbox"})
    opened = wompi.open(replace(request_, method={**request_.method, "institution": bank}))
    wait_until(lambda: wompi.fetch(opened.provider_id).status != TransactionStatus.PENDING)
    read = wompi.fetch(opened.provider_id)
    assert read.status == status
    assert read.finalized_at is not None
    assert read.finalized_at.utcoffset() is not None
    assert read.trace_code.isdigit()
    assert bool(read.message) is (status != "APPROVED")


def test_the_banks_address_comes_with_a_later_read(wompi, request_):
    opened = wompi.open(request_)
    read = wait_until(lambda: (one := wompi.fetch(opened.provider_id)).redirect_url and one)
    assert read.status == TransactionStatus.PENDING
    assert "/v1/pse/redirect?ticket_id=" in read.redirect_url


def test_an_approved_transaction_may_be_voided(sandbox, wompi, request_):
    opened = wompi.open(request_)
    sandbox.finish("PAY-1-X", "APPROVED")
    sandbox.finish("PAY-1-X", "VOIDED")
    assert wompi.fetch(opened.provider_id).status == TransactionStatus.VOIDED


def test_an_unknown_status_stays_pending_and_is_an_alert(sandbox, wompi, request_, caplog):
    opened = wompi.open(request_)
    force(sandbox, "read", "unknown_status")
    with caplog.at_level(logging.ERROR):
        assert wompi.fetch(opened.provider_id).status == TransactionStatus.PENDING
    assert "unknown transaction status" in caplog.text


def test_a_read_reports_what_it_is_about_so_that_the_caller_can_compare(sandbox, wompi, request_):
    opened = wompi.open(request_)
    force(sandbox, "read", "wrong_transaction")
    other = wompi.fetch(opened.provider_id)
    assert (other.provider_id, other.reference) != (opened.provider_id, opened.reference)


def test_unknown_fields_are_ignored(sandbox, wompi, request_):
    opened = wompi.open(request_)
    force(sandbox, "read", "unknown_field")
    assert wompi.fetch(opened.provider_id).reference == "PAY-1-X"


def test_an_unknown_id_is_a_refusal_whatever_it_looks_like(wompi):
    for provider_id in ("1-2-3", "../merchants/info", "a?b=c"):
        with pytest.raises(GatewayRefused):
            wompi.fetch(provider_id)


def test_a_reference_that_nobody_knows_is_found_nowhere(wompi):
    assert wompi.find_by_reference("PAY-9-X") == []


def test_an_answer_about_another_reference_is_no_answer(sandbox, wompi, request_):
    wompi.open(request_)
    force(sandbox, "list", "wrong_transaction")
    with pytest.raises(GatewayUnavailable, match="another reference"):
        wompi.find_by_reference("PAY-1-X")


def test_reading_survives_a_short_outage(sandbox, wompi):
    force(sandbox, "institutions", "bad_gateway")
    assert wompi.list_institutions()


def test_the_placeholder_among_the_banks_is_dropped(wompi):
    codes = [bank.code for bank in wompi.list_institutions()]
    assert codes
    assert "0" not in codes


def test_both_documents_are_offered(wompi):
    documents = wompi.accepted_documents()
    assert [document.kind for document in documents] == ["END_USER_POLICY", "PERSONAL_DATA_AUTH"]
    assert len({document.permalink for document in documents}) == 2


# Events


@pytest.mark.parametrize("uppercase", [False, True])
@pytest.mark.parametrize(
    ("fault", "authentic"),
    [
        ("none", [True]),
        ("duplicate", [True, True]),
        ("late", [True]),
        ("unknown_reference", [True]),
        ("forged", [False]),
        ("tampered", [False]),
    ],
)
def test_events_as_they_arrive_are_told_apart(sandbox, wompi, request_, fault, authentic, uppercase):
    opened = wompi.open(request_)
    sandbox.finish("PAY-1-X", "APPROVED")
    arrived = []

    async def receive(request: Request) -> Response:
        try:
            arrived.append(wompi.parse_notification(request.headers, await request.body()))
        except InvalidSignature as refusal:
            return Response(status_code=refusal.status_code)
        return Response()

    with serve(Starlette(routes=[Route("/", receive, methods=["POST"])])) as url:
        sandbox.control_post({"events": {"url": f"{url}/", "uppercase": uppercase}})
        assert sandbox.send_event("PAY-1-X", fault) == [200 if is_authentic else 401 for is_authentic in authentic]
    assert len({notification.event_key for notification in arrived}) <= 1
    if fault != "unknown_reference":
        assert all(notification.provider_id == opened.provider_id for notification in arrived)


# Configuration

GOOD = {
    "environment": "prod",
    "base_url": "https://production.wompi.co/v1",
    "public_key": "pub_prod_a",
    "private_key": "prv_prod_b",
    "events_secret": "prod_events_c",
    "integrity_secret": "prod_integrity_d",
}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"public_key": "pub_test_a"}, "public_key"),
        ({"events_secret": "prod_integrity_c"}, "events_secret"),
        ({"integrity_secret": "prod_integrity_d "}, "integrity_secret"),
        ({"private_key": "prv_prod_b#comment"}, "private_key"),
        ({"base_url": "https://sandbox.wompi.co/v1"}, "base_url"),
        ({"base_url": "http://production.wompi.co/v1"}, "base_url"),
        ({"environment": "staging"}, "environment"),
        ({"speed": 1}, "speed"),
    ],
)
def test_each_configuration_problem_is_named_without_its_value(changes, named):
    [problem] = WompiGateway.configuration_problems(**GOOD | changes)
    assert problem.startswith(named)
    assert not any(str(value) in problem for name, value in changes.items() if name.endswith(("key", "secret")))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"base_url": "https://api.wompi.co/v1"},
        {
            "environment": "test",
            "base_url": "http://127.0.0.1:8800/wompi/v1",
            "public_key": "pub_stagtest_a",
            "private_key": "prv_stagtest_b",
            "events_secret": "stagtest_events_c",
            "integrity_secret": "stagtest_integrity_d",
        },
    ],
)
def test_configurations_that_belong_together_pass(changes):
    assert WompiGateway.configuration_problems(**GOOD | changes) == []


def test_the_configured_gateway_is_built_from_the_settings(settings):
    path = "insure_payments.gateways.wompi.WompiGateway"
    settings.INSURE_PAYMENTS = {"GATEWAYS": {"WOMPI": {"gateway": path, **GOOD}}}
    assert isinstance(gateway("WOMPI"), WompiGateway)
    assert gateway_problems() == []
    settings.INSURE_PAYMENTS = {"GATEWAYS": {"WOMPI": {"gateway": path, **GOOD, "environment": "test"}, "PSE": {}}}
    assert {problem.split(":")[0] for problem in gateway_problems()} == {
        "WOMPI",
        "INSURE_PAYMENTS['GATEWAYS'] has no 'gateway'",
    }


def test_day_is_listed_page_by_page(wompi, request_, monkeypatch):
    monkeypatch.setattr("insure_payments.gateways.wompi.PAGE_SIZE", 2)
    opened = [wompi.open(replace(request_, reference=f"PAY-{number}-X")).provider_id for number in range(3)]
    first = wompi.list_transactions(clock.today(), None)
    second = wompi.list_transactions(clock.today(), first.next_cursor)
    assert [[row.provider_id for row in page.transactions] for page in (first, second)] == [opened[:2], opened[2:]]
    assert second.next_cursor is None


def test_listed_day_is_that_of_bogota(wompi, request_, clock):
    """At 23:30 and at 00:30 in Bogota it is the same day in UTC."""
    day = clock.today() + timedelta(days=1)
    clock.travel(start_of(day) + timedelta(hours=23, minutes=30) - clock.now())
    evening = wompi.open(replace(request_, reference="PAY-EVENING-X"))
    clock.travel(timedelta(hours=1))
    night = wompi.open(replace(request_, reference="PAY-NIGHT-X"))
    for asked, expected in ((day, evening), (day + timedelta(days=1), night)):
        rows = wompi.list_transactions(asked, None).transactions
        assert [row.provider_id for row in rows] == [expected.provider_id]
