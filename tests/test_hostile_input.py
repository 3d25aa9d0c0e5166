"""Whatever is sent to whichever call, the answer is JSON and never a failure of ours."""

import json
import re
from uuid import uuid4

import pytest
from calls import ACCESS
from hostile import API_CALLS, BODIES, COLD_CATALOG, HEADERS, IDS, QUERIES, TOKENS

from insure_users.enums import Role
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in

pytestmark = pytest.mark.django_db


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
