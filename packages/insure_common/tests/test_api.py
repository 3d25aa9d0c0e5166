import json
from uuid import UUID, uuid4

import psycopg
import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from insure_common.middleware import ApiAnswersMiddleware
from insure_common.models import OutboxMessage
from insure_common.testing.members.models import Member

pytestmark = pytest.mark.django_db

THINGS = "/api/v1/things/"


@pytest.fixture
def member():
    return Member.objects.create(email="ana@example.com")


@pytest.fixture
def client_of(api):
    def sign_in(member):
        api.force_authenticate(member)
        return api

    return sign_in


def post(api, body, key="k1"):
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(THINGS, json.dumps(body), content_type="application/json", headers=headers)


def assert_error(response, status, code):
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert body["detail"]
    assert body["correlation_id"] == response["X-Correlation-ID"]
    assert response["Content-Type"] == "application/json"


MALFORMED = {
    "not json": b"{",
    "bad utf-8": b'{"name": "\xff"}',
    "duplicate key": b'{"name": "a", "name": "b"}',
    "nan": b'{"amount_in_cents": NaN}',
    "infinite": b'{"amount_in_cents": 1e999}',
    "huge integer": b'{"amount_in_cents": ' + b"9" * 10_000 + b"}",
    "nul": b'{"name": "a\\u0000"}',
    "nul in a key": b'{"a\\u0000": 1}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "deep": b'{"name": ' + b"[" * 33 + b"]" * 33 + b"}",
    "very deep": b"[" * 100_000,
    "list": b"[]",
    "string": b'"a"',
    "null": b"null",
    "empty": b"",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_body_is_a_json_400(client_of, member, body):
    response = client_of(member).generic("POST", THINGS, body, content_type="application/json")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/json"


def test_too_large_body_is_413(client_of, member):
    response = client_of(member).generic("POST", THINGS, b" " * 300_000, content_type="application/json")
    assert_error(response, 413, "payload_too_large")


def test_other_media_type_is_415(client_of, member):
    response = client_of(member).generic("POST", THINGS, b"name=a", content_type="application/x-www-form-urlencoded")
    assert_error(response, 415, "unsupported_media_type")


FIELDS = {
    "unknown field": ({"name": "a", "role": "ADMIN"}, "role"),
    "read-only field": ({"name": "a", "id": str(uuid4())}, "id"),
    "number as text": ({"name": 12}, "name"),
    "control character": ({"name": "a\nb"}, "name"),
    "card number": ({"name": "4242 4242 4242 4242"}, "name"),
    "float": ({"name": "a", "amount_in_cents": 1.0}, "amount_in_cents"),
    "text amount": ({"name": "a", "amount_in_cents": "100"}, "amount_in_cents"),
    "true": ({"name": "a", "amount_in_cents": True}, "amount_in_cents"),
    "zero": ({"name": "a", "amount_in_cents": 0}, "amount_in_cents"),
    "negative": ({"name": "a", "amount_in_cents": -5}, "amount_in_cents"),
    "too much": ({"name": "a", "amount_in_cents": 10**14}, "amount_in_cents"),
}


@pytest.mark.parametrize(("body", "field"), FIELDS.values(), ids=FIELDS)
def test_wrong_field_is_named(client_of, member, body, field):
    response = post(client_of(member), body)
    assert_error(response, 400, "invalid")
    assert list(response.json()["errors"]) == [field]


def test_missing_permission_is_403_and_anonymous_is_refused(api, client_of, member):
    assert api.get("/api/v1/members/").status_code in (401, 403)
    assert_error(client_of(member).get("/api/v1/members/"), 403, "permission_denied")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/failing/crash/", 500, "error"),
        ("/api/v1/failing/missing/", 404, "not_found"),
        ("/api/v1/failing/deep/", 500, "error"),
        ("/api/v1/failing/taken/", 409, "conflict"),
        ("/api/v1/failing/range/", 400, "parse_error"),
        ("/api/v1/failing/gone/", 503, "service_unavailable"),
        ("/api/v1/failing/closed/", 503, "service_unavailable"),
        ("/api/v1/failing/large/", 413, "payload_too_large"),
        ("/api/v1/failing/suspicious/", 400, "parse_error"),
        ("/api/v1/nowhere/", 404, "not_found"),
    ],
)
def test_every_failure_has_the_one_shape(api, path, status, code):
    response = api.get(path)
    assert_error(response, status, code)
    assert b"secret detail" not in response.content


def test_wrong_method_is_json(api):
    assert_error(api.delete("/api/v1/failing/missing/"), 405, "method_not_allowed")


def test_errors_speak_the_language_of_the_client(api):
    spanish = api.get("/api/v1/nowhere/", headers={"Accept-Language": "es"}).json()["detail"]
    english = api.get("/api/v1/nowhere/", headers={"Accept-Language": "en"}).json()["detail"]
    assert (spanish, english) == ("No encontrado.", "Not found.")


def test_correlation_id_is_taken_only_if_it_is_a_uuid(client_of, member):
    given = str(uuid4())
    response = client_of(member).get(THINGS, headers={"X-Correlation-ID": given})
    assert response["X-Correlation-ID"] == response.json()["correlation_id"] == given
    made = client_of(member).get(THINGS, headers={"X-Correlation-ID": "x\r\ny"})["X-Correlation-ID"]
    assert UUID(made).version == 7


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "10.0.0.2"), (2, "10.0.0.1"), (3, "127.0.0.1")])
def test_client_address_counts_trusted_proxies_from_the_right(settings, client_of, member, proxies, address):
    settings.INSURE_COMMON = {"TRUSTED_PROXY_COUNT": proxies}
    response = client_of(member).get(THINGS, headers={"X-Forwarded-For": "10.0.0.1, 10.0.0.2"})
    assert response.json()["address"] == address


def test_answers_are_not_cached(api):
    assert "no-store" in api.get("/api/v1/nowhere/")["Cache-Control"]


# --- idempotency --------------------------------------------------------------------------------------------------


def test_same_key_answers_with_the_same_object(client_of, member):
    api = client_of(member)
    first, second = (post(api, {"name": "a"}) for _ in range(2))
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert not first.has_header("Idempotent-Replayed")
    assert OutboxMessage.objects.count() == 1


def test_same_key_with_another_body_is_422(client_of, member):
    post(client_of(member), {"name": "a"})
    assert_error(post(client_of(member), {"name": "b"}), 422, "idempotency_key_reused")


def test_keys_of_two_users_do_not_meet(client_of, member):
    post(client_of(member), {"name": "a"})
    other = Member.objects.create(email="b@example.com")
    assert not post(client_of(other), {"name": "b"}).has_header("Idempotent-Replayed")


@pytest.mark.parametrize("key", [None, "", "k" * 256, "ñ"])
def test_key_is_required(client_of, member, key):
    assert_error(post(client_of(member), {"name": "a"}, key=key), 400, "idempotency_key_required")


def test_refusals_are_not_remembered(client_of, member):
    assert post(client_of(member), {"name": "refused"}).status_code == 409
    assert OutboxMessage.objects.count() == 0
    assert post(client_of(member), {"name": "a"}).status_code == 202


# --- lists --------------------------------------------------------------------------------------------------------


@pytest.fixture
def reader(client_of, member):
    member.user_permissions.add(Permission.objects.get(codename="view_member"))
    Member.objects.bulk_create(Member(email=f"m{number}@example.com") for number in range(30))
    return client_of(member)


def test_lists_are_paged_by_cursor_with_links_of_the_public_url(settings, reader):
    settings.INSURE_COMMON = {"PUBLIC_BASE_URL": "https://api.example.com"}
    first = reader.get("/api/v1/members/").json()
    assert len(first["results"]) == 25
    assert first["previous"] is None
    assert first["next"].startswith("https://api.example.com/api/v1/members/?cursor=")
    second = reader.get(first["next"].removeprefix("https://api.example.com")).json()
    assert len(second["results"]) == 6
    assert second["next"] is None


@pytest.mark.parametrize("query", ["page_size=0", "page_size=101", "page_size=x", "colour=red", "email=nobody"])
def test_unknown_or_invalid_query_is_400(reader, query):
    assert_error(reader.get(f"/api/v1/members/?{query}"), 400, "invalid")


def test_filters_narrow_the_list(reader):
    assert len(reader.get("/api/v1/members/?email=m3@example.com").json()["results"]) == 1


def test_statements_do_not_grow_with_rows(reader, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        reader.get("/api/v1/members/?page_size=2")
    with django_assert_max_num_queries(4):
        reader.get("/api/v1/members/?page_size=30")


@pytest.mark.django_db(transaction=True)
def test_dead_database_connection_is_answered_as_503(api, member):
    api.force_login(member)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with psycopg.connect(**connection.get_connection_params()) as killer:
        killer.execute("SELECT pg_terminate_backend(%s)", [pid])
    response = post(api, {"name": "a"})
    connection.close()
    assert_error(response, 503, "service_unavailable")


def test_form_of_answer_that_we_do_not_have_is_answered_in_ours(client_of, member):
    api = client_of(member)
    assert api.get(THINGS, headers={"accept": "application/pdf"}).status_code == 200
    assert_error(api.get(f"{THINGS}never/", headers={"accept": "application/pdf"}), 404, "not_found")


@pytest.mark.parametrize(("path", "zone"), [("/api/v1/things/", b"UTC"), ("/backoffice/", b"America/Bogota")])
def test_api_speaks_utc_and_pages_speak_local_time(rf, path, zone):
    middleware = ApiAnswersMiddleware(lambda request: HttpResponse(timezone.get_current_timezone_name()))
    assert middleware(rf.get(path)).content == zone
