"""The sandbox answers as Wompi does: everything here over real HTTP."""

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from insure_common.testing.http import serve
from insure_payments.testing.wompi import WompiSandbox

PRIVATE = {"Authorization": "Bearer prv_test_local"}


class Receiver:
    """A merchant's webhook: keeps what arrives and answers `statuses` in turn, the last one for ever."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.received: list[tuple[str, bytes]] = []
        self.app = Starlette(routes=[Route("/", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        self.received.append((request.headers["x-event-checksum"], await request.body()))
        return Response(status_code=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])

    def wait_for(self, number: int) -> list[tuple[str, bytes]]:
        wait_until(lambda: len(self.received) >= number)
        return self.received


def wait_until(condition: Callable[[], Any], seconds: float = 5) -> Any:
    end = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    assert result
    return result


@pytest.fixture
def sandbox() -> WompiSandbox:
    sandbox = WompiSandbox()
    sandbox.control_post({"progress_delay_ms": 0})
    return sandbox


@pytest.fixture
def http(sandbox: WompiSandbox) -> Iterator[httpx.Client]:
    with serve(sandbox.app) as url, httpx.Client(base_url=f"{url}/v1", trust_env=False) as client:
        yield client


@pytest.fixture
def receiver(sandbox: WompiSandbox) -> Iterator[Receiver]:
    receiver = Receiver()
    with serve(receiver.app) as url:
        sandbox.control_post({"events": {"url": f"{url}/"}})
        yield receiver


def sign(body: dict[str, Any]) -> str:
    signed = f"{body['reference']}{body['amount_in_cents']}{body['currency']}test_integrity_local"
    return sha256(signed.encode()).hexdigest()


def request_body(http: httpx.Client, **changes: Any) -> dict[str, Any]:
    """A valid request with fresh tokens and `changes`; `payment_method` is merged."""
    merchant = http.get("/merchants/info", headers={"x-merchant-public-key": "pub_test_local"}).json()["data"]
    method = {
        "type": "PSE",
        "user_type": 0,
        "user_legal_id_type": "CC",
        "user_legal_id": "1099888777",
        "financial_institution_code": "1",
        "payment_description": "Prima póliza 123",
    }
    body = {
        "amount_in_cents": 4_490_000,
        "currency": "COP",
        "reference": "PAY-1-X",
        "customer_email": "ana@example.com",
        "customer_data": {"full_name": "Ana Pérez", "phone_number": "573107654321"},
        "redirect_url": "https://app.example/back?from=bank",
        "acceptance_token": merchant["presigned_acceptance"]["acceptance_token"],
        "accept_personal_auth": merchant["presigned_personal_data_auth"]["acceptance_token"],
        **changes,
    }
    body["payment_method"] = changes.get("payment_method", method)
    return {"signature": sign(body), **body}


def create(http: httpx.Client, headers: dict[str, str] = PRIVATE, **changes: Any) -> httpx.Response:
    return http.post("/transactions", json=request_body(http, **changes), headers=headers)


def method(**changes: Any) -> dict[str, Any]:
    return {
        "type": "PSE",
        "user_type": 0,
        "user_legal_id_type": "CC",
        "user_legal_id": "1099888777",
        "financial_institution_code": "1",
        "payment_description": "Prima",
        **changes,
    }


def read(http: httpx.Client, transaction_id: str) -> dict[str, Any]:
    return http.get(f"/transactions/{transaction_id}").json()["data"]


def bank_url(http: httpx.Client, transaction_id: str) -> str:
    return wait_until(lambda: read(http, transaction_id)["payment_method"]["extra"].get("async_payment_url"))


REFUSALS = [
    ({"amount_in_cents": "4490000"}, "amount_in_cents", "Debe ser un número entero"),
    (
        {"amount_in_cents": 149_999},
        "valid_amount_in_cents",
        "El monto mínimo de una transacción es $1,500 exceptuando impuestos",
    ),
    ({"currency": "USD"}, "currency", "Debe ser igual a COP"),
    ({"reference": ""}, "reference", "No está presente"),
    ({"customer_email": None}, "customer_email", "No está presente"),
    ({"customer_email": "ana"}, "customer_email", "Email inválido"),
    ({"payment_method": method(user_type=2)}, "user_type", "Debe ser uno de estos: 0, 1"),
    (
        {"payment_method": method(user_legal_id_type="PPT")},
        "user_legal_id_type",
        "Debe ser uno de estos: RC, TI, CC, TE, CE, NIT, PP, DNI",
    ),
    ({"payment_method": method(user_legal_id="")}, "user_legal_id", "Debe ser completado"),
    (
        {"payment_method": method(payment_description="x" * 31)},
        "payment_description",
        "Debe tener máximo 30 caracteres",
    ),
    ({"acceptance_token": None}, "acceptance_token", "No está presente"),
    ({"acceptance_token": ""}, "acceptance_token", "El token de aceptación está en un formato incorrecto"),
    ({"acceptance_token": "made-up"}, "acceptance_token", "El token de aceptación es inválido"),
    ({"signature": None}, "signature", "Firma de integridad requerida no enviada"),
    ({"signature": "0" * 64}, "signature", "La firma es inválida"),
]


@pytest.mark.parametrize(("changes", "field", "message"), REFUSALS)
def test_each_rule_is_refused_in_wompis_words(http, changes, field, message):
    answer = create(http, **changes)
    assert answer.status_code == 422
    assert answer.json() == {"error": {"type": "INPUT_VALIDATION_ERROR", "messages": {field: [message]}}}


def test_one_error_at_a_time_and_the_body_before_the_key(http):
    bad_key = {"Authorization": "Bearer pub_prod_other"}
    assert http.post("/transactions", json={}, headers=bad_key).status_code == 422
    answer = create(http, headers=bad_key)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "INVALID_ACCESS_TOKEN"
    assert list(create(http, currency="USD", customer_email="x").json()["error"]["messages"]) == ["currency"]


def test_a_transaction_without_method_is_unprocessable(http):
    answer = create(http, payment_method=None)
    assert answer.status_code == 422
    assert answer.json()["error"] == {
        "type": "UNPROCESSABLE",
        "reason": "No se especificó método de pago o fuente de pago",
    }


def test_the_signature_must_be_in_lower_case(http):
    body = request_body(http)
    answer = http.post("/transactions", json={**body, "signature": body["signature"].upper()}, headers=PRIVATE)
    assert answer.json()["error"]["messages"] == {"signature": ["La firma es inválida"]}


def test_tokens_survive_a_refused_key_but_not_a_refused_signature(http):
    body = request_body(http)
    assert http.post("/transactions", json=body, headers={"Authorization": "Bearer pub_test_no"}).status_code == 401
    wrong = http.post("/transactions", json={**body, "signature": "0" * 64}, headers=PRIVATE)
    assert wrong.json()["error"]["messages"] == {"signature": ["La firma es inválida"]}
    again = http.post("/transactions", json=body, headers=PRIVATE)
    assert again.json()["error"]["messages"] == {"acceptance_token": ["El token de aceptación ya fue usado"]}


def test_a_reference_serves_once_also_for_parallel_clients(http):
    bodies = [request_body(http) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda body: http.post("/transactions", json=body, headers=PRIVATE), bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 9
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert refused.json()["error"]["messages"] == {"reference": ["La referencia ya ha sido usada"]}


def test_a_method_that_is_not_enabled_is_a_404(sandbox, http):
    sandbox.control_post({"methods": ["CARD"]})
    answer = create(http)
    assert answer.status_code == 404
    assert answer.json()["error"]["reason"] == "No hay una identidad de pago para PSE configurada para este comercio"


def test_the_older_merchant_call_can_be_turned_off(sandbox, http):
    assert http.get("/merchants/pub_test_local").status_code == 200
    sandbox.control_post({"merchants_by_key": False})
    assert http.get("/merchants/pub_test_local").status_code == 404


def test_a_transaction_is_read_without_a_key_but_not_with_an_unknown_private_one(http):
    transaction = create(http).json()["data"]
    assert (transaction["status"], transaction["finalized_at"]) == ("PENDING", None)
    path = f"/transactions/{transaction['id']}"
    statuses = {
        key: http.get(path, headers={"Authorization": f"Bearer {key}"} if key else {}).status_code
        for key in ("", "pub_test_no", "prv_test_local", "prv_test_no")
    }
    assert statuses == {"": 200, "pub_test_no": 200, "prv_test_local": 200, "prv_test_no": 403}
    assert http.get("/transactions/PAY-1-X").json()["error"]["reason"] == "La entidad solicitada no existe"


def test_transactions_are_listed_by_reference_with_the_private_key_only(http):
    create(http)
    create(http, reference="PAY-2-X")
    found = http.get("/transactions", params={"reference": "PAY-2-X"}, headers=PRIVATE).json()["data"]
    assert [one["reference"] for one in found] == ["PAY-2-X"]
    assert http.get("/transactions", params={"until_date": "2000-01-01"}, headers=PRIVATE).json()["data"] == []
    assert http.get("/transactions", headers={"Authorization": "Bearer pub_test_local"}).status_code == 401


def test_the_bank_list_needs_some_key_and_begins_with_a_placeholder_in_production(sandbox, http):
    assert http.get("/pse/financial_institutions").status_code == 401
    banks = http.get("/pse/financial_institutions", headers=PRIVATE).json()["data"]
    assert banks[0]["financial_institution_code"] == "0"
    sandbox.control_post({"mode": "sandbox"})
    any_key = {"Authorization": "Bearer pub_test_whatever"}
    banks = http.get("/pse/financial_institutions", headers=any_key).json()["data"]
    assert [bank["financial_institution_code"] for bank in banks] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("bank", "status", "message"),
    [
        ("1", "APPROVED", None),
        ("2", "DECLINED", "Transacción RECHAZADA en Sandbox"),
        ("3", "ERROR", "Transacción con ERROR en Sandbox"),
        ("1007", "ERROR", "Transacción con ERROR en Sandbox"),
    ],
)
def test_sandbox_mode_shows_the_url_together_with_the_result(sandbox, http, bank, status, message):
    sandbox.control_post({"mode": "sandbox"})
    transaction_id = create(http, payment_method=method(financial_institution_code=bank)).json()["data"]["id"]
    assert transaction_id.replace("-", "") in bank_url(http, transaction_id)
    transaction = read(http, transaction_id)
    assert (transaction["status"], transaction["status_message"]) == (status, message)
    assert transaction["finalized_at"]


@pytest.mark.parametrize(("outcome", "status"), [("aprobar", "APPROVED"), ("rechazar", "DECLINED"), ("error", "ERROR")])
def test_production_mode_waits_for_the_bank_page_and_sends_the_payer_back(http, outcome, status):
    transaction_id = create(http).json()["data"]["id"]
    url = bank_url(http, transaction_id)
    assert read(http, transaction_id)["status"] == "PENDING"
    page = http.get(url).text
    assert "$ 44.900" in page
    actions = re.findall(r'<form method="post" action="([^"]+)">', page)
    assert len(actions) == 3
    back = http.post(urljoin(url, next(action for action in actions if outcome in action)))
    assert back.status_code == 303
    assert back.headers["location"] == f"https://app.example/back?from=bank&id={transaction_id}&env=test"
    assert read(http, transaction_id)["status"] == status
    assert "<form" not in http.get(url).text


def test_the_bank_page_is_found_below_a_mount_point_and_at_a_public_address(sandbox):
    with serve(Starlette(routes=[Mount("/wompi", sandbox.app)])) as url, httpx.Client(trust_env=False) as client:
        client.base_url = f"{url}/wompi/v1"
        here = bank_url(client, create(client).json()["data"]["id"])
        assert here.startswith(f"{url}/wompi/v1/pse/redirect?")
        [action, *_] = re.findall(r'action="([^"]+)"', client.get(here).text)
        assert client.post(urljoin(here, action)).status_code == 303
    public = WompiSandbox(public_url="https://pay.example/wompi/")
    with serve(public.app) as url, httpx.Client(base_url=f"{url}/v1", trust_env=False) as client:
        there = bank_url(client, create(client).json()["data"]["id"])
    assert there.startswith("https://pay.example/wompi/v1/pse/redirect?")


def test_the_mode_is_fixed_when_the_transaction_is_created(sandbox, http):
    sandbox.control_post({"progress_delay_ms": 100})
    transaction_id = create(http).json()["data"]["id"]
    sandbox.control_post({"mode": "sandbox"})
    bank_url(http, transaction_id)
    assert read(http, transaction_id)["status"] == "PENDING"


def test_the_bank_page_escapes_what_the_merchant_sent(http):
    description = "<script>alert(1)</script>"
    transaction_id = create(http, payment_method=method(payment_description=description)).json()["data"]["id"]
    assert "<script>" not in http.get(bank_url(http, transaction_id)).text


def test_a_finished_transaction_only_moves_from_approved_to_voided(sandbox, http):
    transaction_id = create(http).json()["data"]["id"]
    moves = []
    for status in ("APPROVED", "DECLINED", "VOIDED", "APPROVED"):
        sandbox.finish("PAY-1-X", status)
        moves.append(read(http, transaction_id)["status"])
    assert moves == ["APPROVED", "APPROVED", "VOIDED", "VOIDED"]


# Events


def test_the_final_status_is_told_with_a_genuine_checksum(sandbox, http, receiver):
    transaction_id = create(http).json()["data"]["id"]
    sandbox.finish(transaction_id, "APPROVED")
    [(header, body)] = receiver.wait_for(1)
    event = httpx.Response(200, content=body).json()
    signed = f"{transaction_id}APPROVED4490000{event['timestamp']}test_events_local"
    assert header == event["signature"]["checksum"] == sha256(signed.encode()).hexdigest()
    assert (event["event"], event["environment"]) == ("transaction.updated", "test")


def test_only_200_stops_the_retries_and_each_carries_the_same_body(sandbox, http, receiver):
    sandbox.control_post({"events": {"clock_rate": 1e6}})
    receiver.statuses = [500, 201, 204, 200]
    create(http)
    sandbox.finish("PAY-1-X", "APPROVED")
    assert len(set(receiver.wait_for(4))) == 1
    wait_until(lambda: len(sandbox.deliveries) == 4)
    assert [delivery.status for delivery in sandbox.deliveries] == [500, 201, 204, 200]


def test_duplicates_and_dropped_events_are_on_demand(sandbox, http, receiver):
    sandbox.control_post({"events": {"duplicates": 2}})
    create(http)
    sandbox.finish("PAY-1-X", "APPROVED")
    assert len(set(receiver.wait_for(3))) == 1
    sandbox.control_post({"events": {"drop_rate": 1}})
    sandbox.finish("PAY-1-X", "VOIDED")
    assert sandbox.send_event("PAY-1-X") == [200]
    assert len(receiver.received) == 4


def test_reordered_events_arrive_with_the_later_first(sandbox, http, receiver):
    sandbox.control_post({"events": {"reorder": True}})
    create(http)
    sandbox.finish("PAY-1-X", "APPROVED")
    sandbox.finish("PAY-1-X", "VOIDED")
    statuses = [re.search(rb'"status": "(\w+)"', body).group(1) for _, body in receiver.wait_for(2)]
    assert statuses == [b"VOIDED", b"APPROVED"]


def test_single_events_carry_the_fault_that_was_asked_for(sandbox, http, receiver):
    transaction_id = create(http).json()["data"]["id"]
    sandbox.control_post({"events": {"drop_rate": 1}})
    sandbox.finish(transaction_id, "APPROVED")

    def sent(fault: str) -> list[tuple[dict[str, Any], bool]]:
        """The events that arrive, each with whether its checksum is genuine."""
        receiver.received.clear()
        assert set(sandbox.send_event("PAY-1-X", fault)) == {200}
        events = [httpx.Response(200, content=body).json() for _, body in receiver.received]
        return [(event["data"]["transaction"], is_genuine(event)) for event in events]

    [(genuine, is_valid)] = sent("none")
    assert is_valid
    assert genuine["status"] == "APPROVED"
    assert sent("duplicate") == [(genuine, True), (genuine, True)]
    assert sent("forged") == [(genuine, False)]
    assert sent("tampered") == [({**genuine, "amount_in_cents": 4_490_100}, False)]
    [(late, is_valid)] = sent("late")
    assert is_valid
    assert late["status"] == "PENDING"
    [(unknown, is_valid)] = sent("unknown_reference")
    assert is_valid
    assert unknown["id"] != transaction_id


def is_genuine(event: dict[str, Any]) -> bool:
    transaction = event["data"]["transaction"]
    signed = f"{transaction['id']}{transaction['status']}{transaction['amount_in_cents']}{event['timestamp']}"
    return event["signature"]["checksum"] == sha256(f"{signed}test_events_local".encode()).hexdigest()


def test_unknown_faults_and_transactions_are_named(sandbox, http):
    create(http)
    with pytest.raises(ValueError, match="forged"):
        sandbox.send_event("PAY-1-X", "lost")
    with pytest.raises(LookupError, match="PAY-2-X"):
        sandbox.send_event("PAY-2-X")


def test_a_dead_receiver_is_a_delivery_with_status_zero(sandbox, http):
    create(http)
    sandbox.control_post({"events": {"url": "http://127.0.0.1:1/"}})
    assert sandbox.send_event("PAY-1-X") == [0]


# Faults of the API


def test_a_timeout_comes_after_the_transaction_was_created(sandbox, http):
    sandbox.control_post({"hang_ms": 1000, "force": {"create": {"kind": "timeout"}}})
    body = request_body(http)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/transactions", json=body, headers=PRIVATE, timeout=0.2)
    assert [one["reference"] for one in sandbox.transactions] == ["PAY-1-X"]


def test_an_edge_error_is_html_and_does_no_work(sandbox, http):
    body = request_body(http)
    sandbox.control_post({"force": {"create": {"kind": "bad_gateway", "times": 2}}})
    for _ in range(2):
        answer = http.post("/transactions", json=body, headers=PRIVATE)
        assert answer.status_code == 502
        assert answer.text.startswith("<html>")
    assert http.post("/transactions", json=body, headers=PRIVATE).status_code == 201
    assert sandbox.control_get()["force"] == {}


def test_too_many_requests_names_when_to_come_back(sandbox, http):
    sandbox.control_post({"force": {"institutions": {"kind": "too_many_requests"}}})
    answer = http.get("/pse/financial_institutions", headers=PRIVATE)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("unknown_status", "status", "IN_REVIEW"),
        ("wrong_transaction", "reference", "SOMEBODY-ELSE"),
        ("wrong_amount", "amount_in_cents", 1),
        ("wrong_currency", "currency", "USD"),
        ("unknown_field", "risk", {"score": 1}),
    ],
)
def test_answers_can_be_altered(sandbox, http, kind, field, value):
    transaction_id = create(http).json()["data"]["id"]
    sandbox.control_post({"force": {"read": {"kind": kind}}})
    assert read(http, transaction_id)[field] == value
    assert read(http, transaction_id).get(field) != value


def test_a_truncated_answer_is_no_json(sandbox, http):
    sandbox.control_post({"force": {"list": {"kind": "truncated"}}})
    with pytest.raises(json.JSONDecodeError):
        http.get("/transactions", headers=PRIVATE).json()


def test_error_rate_and_latency_hold_for_every_call(sandbox, http):
    sandbox.control_post({"error_rate": 1, "latency_ms": 50})
    started = time.monotonic()
    assert http.get("/pse/financial_institutions", headers=PRIVATE).status_code == 502
    assert time.monotonic() - started >= 0.05


def test_the_controls_are_read_in_the_form_in_which_they_are_written(sandbox):
    state = sandbox.control_post({"mode": "sandbox", "events": {"duplicates": 2}})
    assert state == sandbox.control_get() == sandbox.control_post(state)
    assert state["events"]["duplicates"] == 2
    with pytest.raises(ValueError, match="speed"):
        sandbox.control_post({"speed": 2})
    with pytest.raises(ValueError, match="drop_rate"):
        sandbox.control_post({"events": {"drop_rate": 2}})
    with pytest.raises(ValueError, match="events"):
        sandbox.control_post({"events": None})
    assert sandbox.control_get() == state
