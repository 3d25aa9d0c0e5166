"""What one call may cost, whatever the other side does."""

import asyncio
import socket
import threading
import time

import pytest
from django.db import transaction
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from insure_common import correlation
from insure_common.testing.http import serve
from insure_integrations.models import ExternalCall
from insure_integrations.public import CircuitOpen, ResilientClient, SystemUnreachable, UnreadableAnswer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other():
    """A system whose answers are scripted: a list of responses, the last one for ever."""

    class Other:
        def __init__(self):
            self.answers, self.requests = [JSONResponse({"ok": True})], []

        async def answer(self, request):
            await request.body()
            self.requests.append(request)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    script = Other()
    app = Starlette(routes=[Route("/{path:path}", script.answer, methods=["GET", "POST"])])
    with serve(app) as url:
        script.url = url
        yield script


@pytest.fixture
def client(other, system, monkeypatch):
    monkeypatch.setattr("insure_integrations.client._backoff", lambda state: 0)
    return ResilientClient(system=system, base_url=other.url, read_seconds=1, total_seconds=1.5)


def get(client, **options):
    return client.request("GET", "/thing", **{"operation": "get_thing", "idempotent": True} | options)


def test_any_http_answer_is_returned(client, other):
    other.answers = [JSONResponse({"code": "no"}, status_code=418)]
    answer = get(client)
    assert (answer.status, answer.json()) == (418, {"code": "no"})


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_idempotent_call_is_sent_again(client, other, status):
    other.answers = [Response(status_code=status), Response(status_code=status), JSONResponse({"ok": True})]
    assert get(client).status == 200
    assert list(ExternalCall.objects.order_by("id").values_list("attempt", "status")) == [
        (1, status), (2, status), (3, 200),
    ]  # fmt: skip


@pytest.mark.parametrize(("status", "idempotent"), [(500, True), (501, True), (503, False), (429, False)])
def test_other_calls_are_sent_once(client, other, status, idempotent):
    other.answers = [Response(status_code=status)]
    assert get(client, idempotent=idempotent).status == status
    assert len(other.requests) == 1


def test_retry_after_is_waited_for(client, other):
    other.answers = [Response(status_code=429, headers={"Retry-After": "1"}), JSONResponse({"ok": True})]
    started = time.monotonic()
    assert get(client).status == 200
    assert time.monotonic() - started >= 1


def test_long_retry_after_is_left_to_the_caller(client, other):
    other.answers = [Response(status_code=429, headers={"Retry-After": "3600"})]
    assert get(client).retry_after == 3600
    assert len(other.requests) == 1


def test_refused_connection_is_tried_again_and_was_not_sent(system, monkeypatch):
    monkeypatch.setattr("insure_integrations.client._backoff", lambda state: 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = ResilientClient(system=system, base_url=f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(SystemUnreachable) as caught:
            get(client)
    assert caught.value.sent is False
    assert list(ExternalCall.objects.values_list("status", "error")) == [(None, "ConnectError")] * 3


def test_slow_body_ends_at_the_deadline_and_is_not_sent_again(client, other):
    async def drip():
        for _ in range(50):
            yield b"x"
            await asyncio.sleep(0.2)

    other.answers = [StreamingResponse(drip())]
    started = time.monotonic()
    with pytest.raises(SystemUnreachable) as caught:
        get(client)
    assert time.monotonic() - started < 3
    assert caught.value.sent is True
    assert len(other.requests) == 1


def test_dripping_headers_end_at_the_deadline(system):
    async def drip(reader, writer):
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX-Endless: " + b"x" * 1000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.2)
        except ConnectionError:
            pass

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(drip, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = server.sockets[0].getsockname()[1]
    client = ResilientClient(system=system, base_url=f"http://127.0.0.1:{port}", read_seconds=1, total_seconds=1)
    started = time.monotonic()
    with pytest.raises(SystemUnreachable):
        get(client, idempotent=False)
    assert time.monotonic() - started < 2
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.close()


def test_huge_body_is_cut_off(other, system):
    async def flood():
        for _ in range(50):
            yield b"x" * 65_536
            await asyncio.sleep(0)

    other.answers = [StreamingResponse(flood())]
    client = ResilientClient(system=system, base_url=other.url, max_bytes=1_000_000)
    with pytest.raises(SystemUnreachable, match="answer_too_large"):
        get(client)
    assert ExternalCall.objects.get().error == "answer_too_large"


def test_redirect_is_not_followed(client, other):
    other.answers = [RedirectResponse("http://169.254.169.254/")]
    assert get(client).status == 307
    assert len(other.requests) == 1


def test_garbage_is_no_json(client, other):
    other.answers = [Response(b'{"truncated": [1, 2')]
    answer = get(client)
    with pytest.raises(UnreadableAnswer):
        answer.json()


def test_call_inside_a_transaction_is_refused(client, other):
    with pytest.raises(transaction.TransactionManagementError), transaction.atomic():
        get(client)
    assert other.requests == []


def test_correlation_id_travels_with_the_call(client, other):
    with correlation.bound() as number:
        get(client)
    assert other.requests[0].headers["x-correlation-id"] == str(number)
    assert ExternalCall.objects.get().correlation_id == number


def test_call_log_holds_no_secret_and_no_personal_data(client, other):
    canary = "canary-7f3a"
    other.answers = [JSONResponse({"access_token": canary, "holder": {"full_name": canary, "reference": "TOM-1"}})]
    client.request(
        "POST",
        "/thing",
        operation="make_thing",
        idempotent=True,
        params={"customer_email": canary, "page": 2},
        json={"password": canary, "plate": canary, "list": [{"id_number": canary}], "kept": "visible"},
        headers={"Authorization": canary},
        mask=("plate",),
    )
    other.answers = [Response(f"<p>{canary}</p>", media_type="text/html")]
    get(client)
    other.answers = [Response(f'{{"full_name": "{canary}"'.encode(), media_type="application/json")]
    get(client)
    rows = list(ExternalCall.objects.order_by("id").values())
    assert canary not in str(rows)
    assert rows[0]["request"]["body"]["kept"] == "visible"
    assert rows[0]["response"] == {"access_token": "***", "holder": {"full_name": "***", "reference": "TOM-1"}}
    assert rows[1]["response"]["bytes"] == len(f"<p>{canary}</p>")


def test_breaker_opens_for_all_workers_and_recovers(other, system, settings):
    settings.INSURE_INTEGRATIONS = settings.INSURE_INTEGRATIONS | {"BREAKER_FAILURES": 3, "BREAKER_OPEN_SECONDS": 1}
    one, two = (ResilientClient(system=system, base_url=other.url) for _ in range(2))
    other.answers = [Response(status_code=500)]
    for _ in range(3):
        get(one)
    with pytest.raises(CircuitOpen) as caught:
        get(two)
    assert caught.value.sent is False
    assert len(other.requests) == 3
    time.sleep(1.1)
    assert get(two).status == 500
    with pytest.raises(CircuitOpen):
        get(one)
    time.sleep(1.1)
    other.answers = [JSONResponse({"ok": True})]
    assert [get(client).status for client in (one, two, one)] == [200, 200, 200]


def test_breaker_lets_one_caller_probe(other, system, settings):
    settings.INSURE_INTEGRATIONS = settings.INSURE_INTEGRATIONS | {"BREAKER_FAILURES": 1, "BREAKER_OPEN_SECONDS": 1}
    client = ResilientClient(system=system, base_url=other.url)
    client._breaker.failed()
    assert client._breaker.refuses_for() == 1
    time.sleep(1.1)
    assert [client._breaker.refuses_for() for _ in range(3)] == [0, 1, 1]


def test_breaker_of_another_system_stays_closed(other, system, settings):
    settings.INSURE_INTEGRATIONS = settings.INSURE_INTEGRATIONS | {"BREAKER_FAILURES": 1}
    ResilientClient(system=system, base_url=other.url)._breaker.failed()
    assert get(ResilientClient(system=f"{system}-B", base_url=other.url)).status == 200


@pytest.mark.parametrize("mute", [False, True], ids=["gone", "mute"])
def test_calls_go_on_without_redis(other, system, settings, mute):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if mute:
            listener.listen()
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        settings.INSURE_INTEGRATIONS = settings.INSURE_INTEGRATIONS | {"REDIS_URL": url}
        client = ResilientClient(system=system, base_url=other.url)
        started = time.monotonic()
        assert [get(client).status for _ in range(5)] == [200] * 5
        assert time.monotonic() - started < 2
