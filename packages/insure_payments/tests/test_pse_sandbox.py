"""The sandbox answers as PlaceToPay does: everything here over real HTTP."""

import base64
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from insure_common import clock as the_clock
from insure_common.testing.http import serve
from insure_payments.testing.pse import PseSandbox

LOGIN, SECRET = "pse_login_local", "pse_secret_local"


class Receiver:
    """A merchant's webhook that keeps what arrives."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.app = Starlette(routes=[Route("/", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        self.received.append(await request.json())
        return Response()


def wait_until(condition: Callable[[], Any], seconds: float = 5) -> Any:
    end = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    assert result
    return result


@pytest.fixture
def sandbox() -> PseSandbox:
    return PseSandbox()


@pytest.fixture
def http(sandbox: PseSandbox) -> Iterator[httpx.Client]:
    with serve(sandbox.app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


@pytest.fixture
def receiver(sandbox: PseSandbox) -> Iterator[Receiver]:
    receiver = Receiver()
    with serve(receiver.app) as url:
        sandbox.control_post({"events": {"url": f"{url}/"}})
        yield receiver


def auth(*, login: str = LOGIN, secret: str = SECRET, age: timedelta = timedelta()) -> dict[str, str]:
    nonce, seed = b"c9085e82debb82b0955579098be3d7ca", (the_clock.now() - age).isoformat()
    key = base64.b64encode(sha1(nonce + seed.encode() + secret.encode()).digest()).decode()
    return {"login": login, "tranKey": key, "nonce": base64.b64encode(nonce).decode(), "seed": seed}


def session_body(**changes: Any) -> dict[str, Any]:
    body = {
        "auth": auth(),
        "payment": {
            "reference": "PAY-1-X",
            "description": "Prima póliza 123",
            "amount": {"currency": "COP", "total": "44900"},
            "allowPartial": False,
        },
        "expiration": (the_clock.now() + timedelta(hours=1)).isoformat(),
        "returnUrl": "https://app.example/back?from=bank",
        "ipAddress": "190.0.0.7",
        "userAgent": "tests",
    }
    return body | changes


def payment(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = session_body()["payment"] | changes
    return made


def create(http: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = http.post("/api/session", json=session_body(**changes))
    assert answer.status_code == 200, answer.text
    opened: dict[str, Any] = answer.json()
    return opened


def read(http: httpx.Client, request_id: int) -> dict[str, Any]:
    session: dict[str, Any] = http.post(f"/api/session/{request_id}", json={"auth": auth()}).json()
    return session


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        (None, "100"),
        ({"login": LOGIN}, "100"),
        (lambda: auth(login="other"), "101"),
        (lambda: auth(secret="other"), "102"),
        (lambda: auth(age=timedelta(minutes=6)), "103"),
        (lambda: auth(age=-timedelta(minutes=6)), "103"),
    ],
)
def test_wrong_credentials_are_refused_with_their_code(http, credentials, code):
    given = credentials() if callable(credentials) else credentials
    for path in ("/api/session", "/api/session/1"):
        answer = http.post(path, json=session_body(auth=given))
        assert answer.status_code == 401
        assert answer.json()["status"]["status"] == "FAILED"
        assert answer.json()["status"]["message"].endswith(code)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payment": payment(reference="x" * 33)}, "payment.reference"),
        ({"payment": payment(description="")}, "payment.description"),
        ({"payment": payment(amount={"currency": "COP", "total": 0})}, "payment.amount.total"),
        ({"payment": payment(amount={"currency": "COP", "total": "many"})}, "payment.amount.total"),
        ({"payment": payment(amount={"currency": "pesos", "total": 1})}, "payment.amount.currency"),
        ({"payment": None}, "payment.reference"),
        ({"expiration": "2019-03-05T00:00:00-05:00"}, "expiration"),
        ({"expiration": None}, "expiration"),
        ({"returnUrl": "back"}, "returnUrl"),
        ({"ipAddress": None}, "ipAddress"),
        ({"userAgent": ""}, "userAgent"),
    ],
)
def test_each_rule_is_refused_by_name(sandbox, http, changes, field):
    answer = http.post("/api/session", json=session_body(**changes))
    assert answer.status_code == 400
    assert field in answer.json()["status"]["message"]
    assert sandbox.sessions == []


def test_a_session_is_opened_and_read(sandbox, http):
    opened = create(http)
    assert opened["status"]["status"] == "OK"
    session = read(http, opened["requestId"])
    assert session == sandbox.sessions[0]
    assert (session["status"]["status"], session["payment"]) == ("PENDING", None)
    assert session["request"]["payment"]["reference"] == "PAY-1-X"
    assert "auth" not in session["request"]


def test_a_reference_may_be_used_again(sandbox, http):
    assert create(http)["requestId"] != create(http)["requestId"]
    assert len(sandbox.sessions) == 2


def test_an_unknown_session_is_a_404(http):
    create(http)
    for name in ("1", "PAY-1-X", "x"):
        answer = http.post(f"/api/session/{name}", json={"auth": auth()})
        assert (answer.status_code, answer.json()["status"]["status"]) == (404, "FAILED")


@pytest.mark.parametrize(
    ("outcome", "status"), [("aprobar", "APPROVED"), ("rechazar", "REJECTED"), ("error", "FAILED")]
)
def test_the_page_decides_and_sends_the_payer_back(http, outcome, status):
    opened = create(http)
    page = http.get(opened["processUrl"]).text
    assert "$ 44.900" in page
    actions = re.findall(r'<form method="post" action="([^"]+)">', page)
    assert len(actions) == 3
    back = http.post(urljoin(opened["processUrl"], next(action for action in actions if outcome in action)))
    assert (back.status_code, back.headers["location"]) == (303, "https://app.example/back?from=bank")
    session = read(http, opened["requestId"])
    assert session["status"]["status"] == session["payment"][0]["status"]["status"] == status
    assert "<form" not in http.get(opened["processUrl"]).text


def test_the_page_is_reached_by_its_token_only_and_escapes_what_the_merchant_sent(http):
    opened = create(http, payment=payment(description="<script>alert(1)</script>"))
    assert "<script>" not in http.get(opened["processUrl"]).text
    guessed = opened["processUrl"].rsplit("/", 1)[0] + "/" + "0" * 32
    assert http.get(guessed).status_code == http.post(f"{guessed}/aprobar").status_code == 404
    assert http.post(f"{opened['processUrl']}/regalar").status_code == 404


def test_the_page_is_found_below_a_mount_point_and_at_a_public_address(sandbox):
    with serve(Starlette(routes=[Mount("/pse", sandbox.app)])) as url, httpx.Client(trust_env=False) as client:
        client.base_url = f"{url}/pse"
        here = create(client)["processUrl"]
        assert here.startswith(f"{url}/pse/session/")
        [action, *_] = re.findall(r'action="([^"]+)"', client.get(here).text)
        assert client.post(urljoin(here, action)).status_code == 303
    public = PseSandbox(public_url="https://pay.example/pse/")
    with serve(public.app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert create(client)["processUrl"].startswith("https://pay.example/pse/session/")


def test_a_refused_try_can_leave_the_session_open(sandbox, http):
    sandbox.control_post({"retries": True})
    opened = create(http)
    back = http.post(f"{opened['processUrl']}/rechazar")
    assert back.headers["location"] == opened["processUrl"]
    assert read(http, opened["requestId"])["status"]["status"] == "PENDING"
    http.post(f"{opened['processUrl']}/aprobar")
    session = read(http, opened["requestId"])
    assert session["status"]["status"] == "APPROVED"
    assert [one["status"]["status"] for one in session["payment"]] == ["REJECTED", "APPROVED"]


def test_a_session_whose_time_is_over_takes_no_money(http, clock):
    opened = create(http)
    clock.travel(timedelta(hours=1))
    assert "<form" not in http.get(opened["processUrl"]).text
    http.post(f"{opened['processUrl']}/aprobar")
    session = read(http, opened["requestId"])
    assert (session["status"]["status"], session["payment"]) == ("REJECTED", None)


def test_a_finished_session_only_moves_from_approved_to_refunded(sandbox, http):
    request_id = create(http)["requestId"]
    moves = []
    for status in ("APPROVED", "REJECTED", "REFUNDED", "APPROVED"):
        sandbox.finish("PAY-1-X", status)
        moves.append(read(http, request_id)["status"]["status"])
    assert moves == ["APPROVED", "APPROVED", "REFUNDED", "REFUNDED"]


def test_parts_add_up(sandbox, http):
    request_id = create(http)["requestId"]
    totals = []
    for status in ("APPROVED_PARTIAL", "APPROVED"):
        sandbox.finish(str(request_id), status)
        totals.append([one["amount"]["to"]["total"] for one in read(http, request_id)["payment"]])
    assert totals == [["22450.00"], ["22450.00", "22450.00"]]


# Notifications


@pytest.mark.parametrize(("prefix", "digest"), [("", sha1), ("sha256:", sha256)])
def test_the_end_of_a_session_is_told_with_a_genuine_signature(sandbox, http, receiver, prefix, digest):
    sandbox.control_post({"events": {"sha256": bool(prefix)}})
    request_id = create(http)["requestId"]
    sandbox.finish("PAY-1-X", "PENDING_VALIDATION")
    sandbox.finish("PAY-1-X", "APPROVED")
    wait_until(lambda: receiver.received)
    [event] = receiver.received
    signed = f"{request_id}APPROVED{event['status']['date']}{SECRET}"
    assert event["signature"] == prefix + digest(signed.encode()).hexdigest()
    assert (event["requestId"], event["reference"]) == (request_id, "PAY-1-X")


def test_notifications_can_be_doubled_and_lost(sandbox, http, receiver):
    sandbox.control_post({"events": {"duplicates": 2}})
    create(http)
    sandbox.finish("PAY-1-X", "APPROVED")
    wait_until(lambda: len(sandbox.deliveries) == 3)
    sandbox.control_post({"events": {"drop_rate": 1}})
    sandbox.finish("PAY-1-X", "REFUNDED")
    assert sandbox.send_event("PAY-1-X") == [200]
    assert [event["status"]["status"] for event in receiver.received] == ["APPROVED"] * 3 + ["REFUNDED"]


def test_single_notifications_carry_the_fault_that_was_asked_for(sandbox, http, receiver):
    create(http)
    sandbox.control_post({"events": {"drop_rate": 1}})
    sandbox.finish("PAY-1-X", "APPROVED")

    def sent(fault: str) -> list[tuple[str, bool]]:
        """The status of each notification that arrives, and whether its signature is genuine."""
        receiver.received.clear()
        assert set(sandbox.send_event("PAY-1-X", fault)) == {200}
        return [(event["status"]["status"], is_genuine(event)) for event in receiver.received]

    assert sent("none") == [("APPROVED", True)]
    assert sent("duplicate") == [("APPROVED", True), ("APPROVED", True)]
    assert sent("late") == [("PENDING", True)]
    assert sent("forged") == [("APPROVED", False)]
    assert sent("tampered") == [("APPROVED_PARTIAL", False)]
    assert sent("unknown_reference") == [("APPROVED", True)]
    assert receiver.received[0]["reference"] == "UNKNOWN"


def is_genuine(event: dict[str, Any]) -> bool:
    signed = f"{event['requestId']}{event['status']['status']}{event['status']['date']}{SECRET}"
    return bool(event["signature"] == sha1(signed.encode()).hexdigest())


# Faults of the API


def test_a_timeout_comes_after_the_session_was_opened(sandbox, http):
    sandbox.control_post({"hang_ms": 1000, "force": {"create": {"kind": "timeout"}}})
    with pytest.raises(httpx.ReadTimeout):
        http.post("/api/session", json=session_body(), timeout=0.2)
    assert len(sandbox.sessions) == 1


def test_an_edge_error_does_no_work(sandbox, http):
    sandbox.control_post({"force": {"create": {"kind": "bad_gateway"}}})
    assert http.post("/api/session", json=session_body()).status_code == 502
    assert sandbox.sessions == []


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("unknown_status", lambda session: session["status"]["status"] == "IN_REVIEW"),
        ("unknown_field", lambda session: session["risk"] == {"score": 1}),
        ("wrong_transaction", lambda session: session["request"]["payment"]["reference"] == "SOMEBODY-ELSE"),
        ("wrong_amount", lambda session: session["payment"][0]["amount"]["to"]["total"] == "0.01"),
        ("wrong_currency", lambda session: session["payment"][0]["amount"]["to"]["currency"] == "USD"),
    ],
)
def test_answers_can_be_altered_once(sandbox, http, kind, found):
    request_id = create(http)["requestId"]
    sandbox.finish("PAY-1-X", "APPROVED")
    sandbox.control_post({"force": {"read": {"kind": kind}}})
    assert found(read(http, request_id))
    assert read(http, request_id) == sandbox.sessions[0]


def test_the_controls_are_read_in_the_form_in_which_they_are_written(sandbox):
    state = sandbox.control_post({"retries": True, "events": {"sha256": True}})
    assert state == sandbox.control_get() == sandbox.control_post(state)
    with pytest.raises(ValueError, match="speed"):
        sandbox.control_post({"speed": 2})
    with pytest.raises(LookupError, match="PAY-9-X"):
        sandbox.finish("PAY-9-X", "APPROVED")


def test_control_tells_how_sessions_stand_and_takes_its_answer_back(sandbox, http):
    http.post("/api/session", json=session_body())
    sandbox.finish("PAY-1-X", "APPROVED")
    state = sandbox.control_get()["state"]
    assert state == [{"reference": "PAY-1-X", "status": "APPROVED", "amount_in_cents": 4_490_000}]
    assert sandbox.control_post(sandbox.control_get())["state"] == state
