"""Whatever is sent to whichever call, the answer is JSON and never a failure of ours."""

import json
import re
from uuid import uuid4

import pytest
from calls import ACCESS

from insure_users.enums import Role
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in

pytestmark = pytest.mark.django_db

BODIES = {
    "empty": b"",
    "not json": b"{",
    "bad utf-8": b'{"a": "\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "duplicate key": b'{"a": 1, "a": 2}',
    "nan": b'{"a": NaN}',
    "infinite": b'{"a": 1e999}',
    "huge integer": b'{"a": ' + b"9" * 10_000 + b"}",
    "nul": b'{"a": "\\u0000"}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "very deep": b'{"a": ' + b"[" * 100_000,
    "list": b"[]",
    "text": b'"a"',
    "too large": b'{"a": "' + b"x" * 300_000 + b'"}',
    "unknown field": b'{"is_superuser": true}',
}
QUERIES = [
    "page_size=0",
    "page_size=999999999999",
    "cursor=%00",
    "cursor=%FF%FE",
    "status=%00",
    "status[]=1",
    "user=%27%20OR%201=1--",
    "from=9999-99-99",
    "search=" + "x" * 5000,
    "policy=%F0%9F%92%A3",
]
IDS = ["0", "null", "%00", "..%2f..%2fetc%2fpasswd", "9" * 400, "00000000-0000-0000-0000-000000000000", "%F0%9F%92%A3"]
HEADERS = [
    {"Accept": "text/html"},
    {"Accept-Language": "x" * 2000},
    {"X-Correlation-ID": "\t{}"},
    {"X-Forwarded-For": "' OR 1=1 --, ::::"},
    {"Idempotency-Key": "\x01"},
    {"Content-Encoding": "gzip"},
]
TOKENS = ["", "x", "a.b.c", "e30.e30.e30", "\xff", "Bearer Bearer", "null", "eyJhbGciOiJub25lIn0.e30."]

API_CALLS = sorted(call for call in ACCESS if call not in ("GET docs/", "GET schema/"))
COLD_CATALOG = ("payment-methods/", "pse/institutions/")
"""Answer 503 until the worker has asked the provider for the first time."""


@pytest.fixture
def token():
    return sign_in(make_user(role=Role.ADMIN))


@pytest.fixture
def send(client, token):
    def request(call, *, body=b"{}", query="", identifier=None, headers=None, authorization=None):
        method, route = call.split(" ")
        path = "/api/v1/" + re.sub(r"<\w+:\w+>", lambda _: identifier or str(uuid4()), route)
        sent = {"Authorization": f"Bearer {token if authorization is None else authorization}", **(headers or {})}
        response = client.generic(method, f"{path}?{query}", body, "application/json", headers=sent)
        is_cold = response.status_code == 503 and route in COLD_CATALOG
        assert response.status_code < 500 or is_cold, f"{call}: {response.status_code}"
        if response.status_code >= 400 and method != "HEAD":
            assert response["Content-Type"] == "application/json"
            assert {"detail", "code", "correlation_id"} <= response.json().keys()
        return response

    return request


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_malformed_body(send, body):
    for call in API_CALLS:
        response = send(call, body=body, headers={"Idempotency-Key": "k"})
        if call.startswith("POST"):
            assert 400 <= response.status_code < 500, call


FORBIDDEN = dict.fromkeys(
    ("id", "owner", "role", "status", "is_staff", "is_superuser", "email_verified", "balance"), "x"
)
WRITES = [call for call in API_CALLS if call.startswith(("POST", "PUT", "PATCH")) and "webhooks/" not in call]


def test_fields_that_nobody_may_write_are_refused_by_name(send):
    for call in WRITES:
        answer = send(call, body=json.dumps(FORBIDDEN).encode(), headers={"Idempotency-Key": str(uuid4())})
        if "<" in call:  # of an object that does not exist
            assert answer.status_code in (400, 404), call
        else:
            assert (answer.status_code, set(answer.json()["errors"])) == (400, set(FORBIDDEN)), call


@pytest.mark.parametrize("query", QUERIES)
def test_malformed_query(send, query):
    for call in API_CALLS:
        send(call, query=query)


@pytest.mark.parametrize("identifier", IDS)
def test_malformed_identifier(send, identifier):
    for call in API_CALLS:
        if "<" in call:
            assert send(call, identifier=identifier).status_code in (400, 404)


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)))
def test_malformed_header(send, headers):
    for call in API_CALLS:
        send(call, headers=headers)


@pytest.mark.parametrize("authorization", TOKENS)
def test_malformed_token(send, authorization):
    for call in API_CALLS:
        if ACCESS[call] != "anyone":
            assert send(call, authorization=authorization).status_code == 401


@pytest.mark.parametrize("method", ["PUT", "TRACE", "CONNECT", "PROPFIND", "HEAD", "OPTIONS"])
def test_unknown_method(send, method):
    for route in {call.split(" ")[1] for call in API_CALLS}:
        send(f"{method} {route}")
