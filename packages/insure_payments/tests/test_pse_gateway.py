"""PseGateway against the sandbox, over real HTTP and with the real call log."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from insure_common import clock as the_clock
from insure_common.testing.http import serve
from insure_integrations.models import ExternalCall
from insure_integrations.public import Response as HttpAnswer
from insure_payments.enums import TransactionStatus
from insure_payments.gateways.base import (
    GatewayRefused,
    GatewayTransaction,
    GatewayUnavailable,
    InvalidSignature,
    LookupUnsupported,
    OpenRequest,
    gateway,
)
from insure_payments.gateways.pse import PseGateway, authentication, pesos, transaction_key
from insure_payments.gateways.pse_answers import session_of
from insure_payments.testing.pse import PseSandbox

# Not in a transaction: the client refuses to call out while one is open.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox() -> PseSandbox:
    return PseSandbox()


@pytest.fixture
def options(sandbox: PseSandbox) -> Iterator[dict[str, Any]]:
    with serve(sandbox.app) as url:
        yield {"environment": "test", "base_url": url, **sandbox.keys}


@pytest.fixture
def pse(options: dict[str, Any]) -> PseGateway:
    return PseGateway(**options)


@pytest.fixture
def request_() -> OpenRequest:
    return OpenRequest(
        reference="PAY-1-X",
        amount_in_cents=11_900_050,
        currency="COP",
        description="Prima seguro de hogar",
        customer_email="ana@example.com",
        customer_name="Ana Pérez",
        customer_phone="310 765 4321",
        method={"type": "PSE", "id_type": "CC", "id_number": "1099888777"},
        return_url="https://app.example/back",
        client_address="190.0.0.7",
        accepted_documents=(),
        expires_at=the_clock.now() + timedelta(hours=1),
        taxes_in_cents=1_900_000,
    )


def force(sandbox: PseSandbox, operation: str, kind: str, times: int = 1) -> None:
    sandbox.control_post({"force": {operation: {"kind": kind, "times": times}}})


def test_the_transaction_key_is_the_documented_one():
    key = transaction_key(
        nonce="c9085e82debb82b0955579098be3d7ca", seed="2019-04-25T18:17:23-04:00", secret_key="ABCD1234"
    )
    assert key == "T0O+x3gNlQUf0iBxEuenPvBPlWs="


def test_each_request_has_a_nonce_of_its_own():
    assert len({authentication(login="a", secret_key="b")["nonce"] for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("cents", "text"), [(11_900_000, "119000"), (11_900_050, "119000.50"), (5, "0.05"), (100, "1")]
)
def test_cents_become_pesos(cents, text):
    assert pesos(cents) == text


# Opening


def test_opening_creates_a_session_that_ends_with_the_payment(sandbox, pse, request_):
    opened = pse.open(request_)
    [session] = sandbox.sessions
    assert (opened.provider, opened.provider_id) == ("PSE", str(session["requestId"]))
    assert (opened.reference, opened.status, opened.environment) == ("PAY-1-X", TransactionStatus.PENDING, "test")
    assert (opened.amount_in_cents, opened.currency, opened.method) == (11_900_050, "COP", "PSE")
    assert f"/session/{session['requestId']}/" in opened.redirect_url
    asked = session["request"]
    assert asked["payment"] == {
        "reference": "PAY-1-X",
        "description": "Prima seguro de hogar",
        "amount": {
            "currency": "COP",
            "total": "119000.50",
            "taxes": [{"kind": "valueAddedTax", "amount": "19000", "base": "100000.50"}],
        },
        "allowPartial": False,
    }
    assert asked["buyer"] == {
        "name": "Ana Pérez",
        "email": "ana@example.com",
        "mobile": "+573107654321",
        "documentType": "CC",
        "document": "1099888777",
    }
    assert (asked["ipAddress"], asked["returnUrl"]) == ("190.0.0.7", "https://app.example/back")
    expiration = request_.expires_at.astimezone(the_clock.BOGOTA).isoformat(timespec="seconds")
    assert (asked["expiration"], asked["paymentMethod"]) == (expiration, "_PSE_")


def test_what_is_not_known_of_the_payer_is_left_to_the_page(sandbox, pse, request_):
    method = {"type": "PSE", "id_type": "PPT", "id_number": "1099888777"}
    pse.open(replace(request_, method=method, customer_phone="", customer_name="", client_address="", taxes_in_cents=0))
    asked = sandbox.sessions[0]["request"]
    assert asked["buyer"] == {"email": "ana@example.com"}
    assert "taxes" not in asked["payment"]["amount"]


def test_a_method_that_is_not_spoken_is_a_refusal(pse, request_):
    with pytest.raises(GatewayRefused, match="CARD"):
        pse.open(replace(request_, method={"type": "CARD", "token": "tok_test_1"}))


def test_a_refusal_carries_placetopays_words(pse, request_):
    with pytest.raises(GatewayRefused, match="expiration"):
        pse.open(replace(request_, expires_at=the_clock.now()))


@pytest.mark.parametrize(("changes", "code"), [({"login": "mistyped"}, "101"), ({"secret_key": "mistyped"}, "102")])
def test_a_refused_key_is_an_alert_with_its_code(options, request_, caplog, changes, code):
    broken = PseGateway(**options | changes)
    with caplog.at_level(logging.ERROR), pytest.raises(GatewayRefused, match=code):
        broken.open(request_)
    assert "refuses our key" in caplog.text
    with pytest.raises(GatewayUnavailable, match=code):
        broken.fetch("1")


@pytest.mark.parametrize(
    ("kind", "sent", "sessions"),
    [("bad_gateway", True, 0), ("truncated", True, 1), ("too_many_requests", False, 0)],
)
def test_an_unusable_answer_tells_whether_the_request_may_have_arrived(sandbox, pse, request_, kind, sent, sessions):
    force(sandbox, "create", kind)
    with pytest.raises(GatewayUnavailable) as failure:
        pse.open(request_)
    assert failure.value.sent is sent
    assert len(sandbox.sessions) == sessions


def test_a_time_out_counts_as_sent_and_is_never_repeated(sandbox, options, request_):
    sandbox.control_post({"hang_ms": 1000})
    force(sandbox, "create", "timeout")
    with pytest.raises(GatewayUnavailable) as failure:
        PseGateway(**options, read_seconds=0.3).open(request_)
    assert failure.value.sent
    assert len(sandbox.sessions) == 1


def test_a_dead_provider_was_sent_nothing(options, request_):
    with pytest.raises(GatewayUnavailable) as failure:
        PseGateway(**options | {"base_url": "http://127.0.0.1:1"}).open(request_)
    assert not failure.value.sent


def test_sessions_are_not_found_by_reference(pse):
    with pytest.raises(LookupUnsupported):
        pse.find_by_reference("PAY-1-X")


def test_a_bank_debit_is_not_taken_back(pse):
    with pytest.raises(GatewayRefused):
        pse.void("1")


def test_the_call_log_holds_no_secret_and_no_personal_data(sandbox, pse, request_):
    opened = pse.open(request_)
    sandbox.finish("PAY-1-X", "APPROVED")
    pse.fetch(opened.provider_id)
    log = json.dumps(list(ExternalCall.objects.values("operation", "request", "response", "path")), ensure_ascii=False)
    assert "pse.open" in log
    assert "pse.fetch" in log
    token = opened.redirect_url.rsplit("/", 1)[1]
    personal = ("ana@example.com", "Ana Pérez", "3107654321", "1099888777", "190.0.0.7", token)
    for hidden in (*sandbox.keys.values(), *personal):
        assert hidden not in log


# Reading

STATUSES = [
    (["PENDING_VALIDATION"], "PENDING"),
    (["APPROVED"], "APPROVED"),
    (["REJECTED"], "DECLINED"),
    (["FAILED"], "ERROR"),
    (["ERROR"], "ERROR"),
    (["APPROVED", "REFUNDED"], "VOIDED"),
    (["APPROVED_PARTIAL"], "PENDING"),
    (["APPROVED_PARTIAL", "APPROVED"], "APPROVED"),
    (["APPROVED_PARTIAL", "PARTIAL_EXPIRED"], "APPROVED"),
]


@pytest.mark.parametrize(("moves", "status"), STATUSES)
def test_each_status_has_one_meaning(sandbox, pse, request_, moves, status):
    opened = pse.open(request_)
    for move in moves:
        sandbox.finish("PAY-1-X", move)
    read = pse.fetch(opened.provider_id)
    assert (read.status, read.reference, read.currency) == (status, "PAY-1-X", "COP")
    assert (read.finalized_at is None) is (status == "PENDING")
    assert read.message


def test_an_approved_session_tells_the_money_and_its_trace_code(sandbox, pse, request_):
    opened = pse.open(request_)
    sandbox.finish("PAY-1-X", "APPROVED")
    read = pse.fetch(opened.provider_id)
    assert (read.amount_in_cents, read.environment, read.redirect_url) == (11_900_050, "test", "")
    assert read.trace_code.isdigit()
    assert read.finalized_at is not None
    assert read.finalized_at.utcoffset() is not None


def test_a_session_that_ended_half_paid_tells_what_came(sandbox, pse, request_, caplog):
    opened = pse.open(replace(request_, amount_in_cents=10_000_000))
    sandbox.finish("PAY-1-X", "APPROVED_PARTIAL")
    sandbox.finish("PAY-1-X", "PARTIAL_EXPIRED")
    with caplog.at_level(logging.ERROR):
        assert pse.fetch(opened.provider_id).amount_in_cents == 5_000_000
    assert "unexpected status" in caplog.text


def test_an_unknown_status_stays_pending_and_is_an_alert(sandbox, pse, request_, caplog):
    opened = pse.open(request_)
    force(sandbox, "read", "unknown_status")
    with caplog.at_level(logging.ERROR):
        assert pse.fetch(opened.provider_id).status == TransactionStatus.PENDING
    assert "unexpected status" in caplog.text


def test_a_read_reports_what_it_is_about_so_that_the_caller_can_compare(sandbox, pse, request_):
    opened = pse.open(request_)
    sandbox.finish("PAY-1-X", "APPROVED")
    force(sandbox, "read", "wrong_transaction")
    other = pse.fetch(opened.provider_id)
    assert (other.provider_id, other.reference) == ("1", "SOMEBODY-ELSE")
    force(sandbox, "read", "wrong_amount")
    assert pse.fetch(opened.provider_id).amount_in_cents == 1
    force(sandbox, "read", "wrong_currency")
    assert pse.fetch(opened.provider_id).currency == "USD"


@pytest.mark.parametrize("fault", ["bad_gateway", "too_many_requests"])
def test_reading_survives_a_short_outage(sandbox, pse, request_, fault):
    opened = pse.open(request_)
    force(sandbox, "read", fault)
    assert pse.fetch(opened.provider_id).status == TransactionStatus.PENDING


def test_a_truncated_read_is_no_answer(sandbox, pse, request_):
    opened = pse.open(request_)
    force(sandbox, "read", "truncated")
    with pytest.raises(GatewayUnavailable):
        pse.fetch(opened.provider_id)


def test_an_unknown_id_is_a_refusal_whatever_it_looks_like(pse):
    for provider_id in ("1", "../session", "1?b=c"):
        with pytest.raises(GatewayRefused):
            pse.fetch(provider_id)


# Answers that the sandbox does not give


def try_(status: str = "APPROVED", total: Any = "119000.50", currency: str = "COP", **changes: Any) -> dict[str, Any]:
    return {"status": {"status": status}, "amount": {"to": {"currency": currency, "total": total}}, **changes}


def session(*tries: Any, status: str = "APPROVED", **changes: Any) -> dict[str, Any]:
    return {
        "requestId": 83,
        "status": {"status": status, "date": "2019-03-04T17:27:59-05:00"},
        "request": {"payment": {"reference": "PAY-1-X", "amount": {"currency": "COP", "total": 119000.5}}},
        "payment": list(tries),
        **changes,
    }


def told(answer: Any) -> GatewayTransaction:
    body = json.dumps(answer).encode()
    return session_of(HttpAnswer(200, {}, body)).converted(provider="PSE", environment="test")


@pytest.mark.parametrize("total", [119000.5, "119000.50", "119000.5"])
def test_pesos_are_read_as_text_and_as_number(total):
    assert told(session(try_(total=total))).amount_in_cents == 11_900_050


def test_a_number_with_the_noise_of_floats_is_its_nearest_amount():
    assert told(session(try_(total=511433.15999999997))).amount_in_cents == 51_143_316


@pytest.mark.parametrize("total", ["119.000,50", "1e5", -1, "NaN", None, True, 119000.123, "9" * 40])
def test_what_is_no_amount_of_pesos_is_no_answer(total):
    with pytest.raises(GatewayUnavailable):
        told(session(try_(total=total)))


def test_refused_tries_do_not_count_whatever_they_hold():
    refused = {"status": {"status": "REJECTED"}, "amount": None}
    assert told(session(refused, {"status": None}, try_())).amount_in_cents == 11_900_050
    assert told(session(refused, status="PENDING")).amount_in_cents == 11_900_050


def test_money_without_an_amount_is_no_answer():
    for answer in (session(), session({"status": {"status": "APPROVED"}}), session(payment=None)):
        with pytest.raises(GatewayUnavailable):
            told(answer)


def test_parts_in_another_currency_are_told_in_it():
    assert told(session(try_(), try_(currency="USD"))).currency == "USD"


@pytest.mark.parametrize("keyword", ["trazabilityCode", "trazabilyCode"])
def test_both_spellings_of_the_trace_code_are_read(keyword):
    fields = ["odd", {"keyword": "lastDigits", "value": "1"}, {"keyword": keyword, "value": 1446857}]
    assert told(session(try_(processorFields=fields))).trace_code == "1446857"


def test_a_failed_session_is_told_from_a_failed_question():
    assert told(session(status="FAILED")).status == TransactionStatus.ERROR
    with pytest.raises(GatewayRefused, match="no existe"):
        told({"status": {"status": "FAILED", "message": "La sesión no existe"}})


# Notifications


@pytest.mark.parametrize("is_sha256", [False, True])
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
def test_notifications_as_they_arrive_are_told_apart(sandbox, pse, request_, fault, authentic, is_sha256):
    opened = pse.open(request_)
    sandbox.finish("PAY-1-X", "APPROVED")
    arrived = []

    async def receive(request: Request) -> Response:
        try:
            arrived.append(pse.parse_notification(request.headers, await request.body()))
        except InvalidSignature as refusal:
            return Response(status_code=refusal.status_code)
        return Response()

    with serve(Starlette(routes=[Route("/", receive, methods=["POST"])])) as url:
        sandbox.control_post({"events": {"url": f"{url}/", "sha256": is_sha256}})
        assert sandbox.send_event("PAY-1-X", fault) == [200 if is_authentic else 401 for is_authentic in authentic]
    assert len({notification.event_key for notification in arrived}) <= 1
    if fault != "unknown_reference":
        assert all(notification.provider_id == opened.provider_id for notification in arrived)


# Configuration

GOOD = {
    "environment": "prod",
    "base_url": "https://checkout.placetopay.com",
    "login": "6dd490faf9cb87a9862245da41170ff2",
    "secret_key": "024h1IlD-secret",
}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"base_url": "https://checkout-test.placetopay.com"}, "base_url"),
        ({"base_url": "http://checkout.placetopay.com"}, "base_url"),
        ({"environment": "staging"}, "environment"),
        ({"secret_key": "024h1IlD secret"}, "secret_key"),
        ({"secret_key": "024h1IlD#comment"}, "secret_key"),
        ({"secret_key": "short"}, "secret_key"),
        ({"login": ""}, "login"),
        ({"login": GOOD["secret_key"]}, "login and secret_key"),
        ({"speed": 1}, "speed"),
    ],
)
def test_each_configuration_problem_is_named_without_its_value(changes, named):
    [problem] = PseGateway.configuration_problems(**GOOD | changes)
    assert problem.startswith(named)
    assert not any(value in problem for name, value in changes.items() if name == "secret_key")


@pytest.mark.parametrize("changes", [{}, {"environment": "test", "base_url": "http://127.0.0.1:8800/pse"}])
def test_configurations_that_belong_together_pass(changes):
    assert PseGateway.configuration_problems(**GOOD | changes) == []


def test_the_configured_gateway_is_built_from_the_settings(settings):
    path = "insure_payments.gateways.pse.PseGateway"
    settings.INSURE_PAYMENTS = {"GATEWAYS": {"PSE": {"gateway": path, **GOOD}}}
    built = gateway("PSE")
    assert isinstance(built, PseGateway)
    assert (built.list_institutions(), built.accepted_documents(), built.list_methods()) == ([], [], ["PSE"])
