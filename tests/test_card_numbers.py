"""No card number gets in: through no field of a body, through no filter, into no row and no log line."""

import io
import json
import logging
import re
from uuid import uuid4

import pytest
from django.db import connection
from drf_spectacular.generators import SchemaGenerator

from insure_users.enums import Role
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in

pytestmark = pytest.mark.django_db

CARD = "4242424242424242"
FORMS = (CARD, "4242 4242 4242 4242", "4242-4242-4242-4242")
NO_TEXT = ("uuid", "date", "date-time")
CURSOR = "cursor"
"""Only ever read, by a decoder that refuses what it did not make."""


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(public=True)


def texts_of(field, components, path=(), needed=()):
    """Each text field below `field`: its path, and what must stand beside it for the field to be known."""
    while "$ref" in field:
        field = components[field["$ref"].rsplit("/", 1)[-1]]
    kind = field.get("discriminator")
    for name, reference in kind["mapping"].items() if kind else ():
        yield from texts_of({"$ref": reference}, components, path, (*needed, ((*path, kind["propertyName"]), name)))
    for part in field.get("allOf", ()):
        yield from texts_of(part, components, path, needed)
    for name, part in field.get("properties", {}).items():
        yield from texts_of(part, components, (*path, name), needed)
    if "items" in field:
        yield from texts_of(field["items"], components, (*path, 0), needed)
    if field.get("type") == "string" and "enum" not in field and field.get("format") not in NO_TEXT:
        yield path, needed


def bodies_of(schema):
    """(call, path of a text field, what must stand beside it) for every text that a call takes in its body."""
    for route, operations in schema["paths"].items():
        for method, operation in operations.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                for path, needed in texts_of(content["schema"], schema["components"]["schemas"]):
                    yield method.upper(), route, path, needed


def filters_of(schema):
    for route, operations in schema["paths"].items():
        for parameter in operations.get("get", {}).get("parameters", ()):
            field = parameter["schema"]
            is_text = field.get("type") == "string" and "enum" not in field and field.get("format") not in NO_TEXT
            if parameter["in"] == "query" and is_text and parameter["name"] != CURSOR:
                yield route, parameter["name"]


def body_with(*fields):
    body = {}
    for path, value in fields:
        place = body
        *way, last = [name for name in path if name != 0]
        for name in way:
            place = place.setdefault(name, {})
        place[last] = [value] if path[-1] == 0 else value
    return body


def url(route):
    return re.sub(r"{\w+}", lambda _: str(uuid4()), route)


@pytest.fixture
def headers(client, settings):
    settings.INSURE_COMMON = {**settings.INSURE_COMMON, "THROTTLES": {}}
    token = sign_in(make_user(role=Role.ADMIN))
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}


@pytest.fixture
def absent():
    """At the end no row of any table and no log line holds the number."""
    handler = logging.root.handlers[0]
    stream = handler.setStream(io.StringIO())
    yield
    written = handler.setStream(stream).getvalue()
    assert '"level": "warning"' in written
    assert not any(form in written for form in FORMS)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ~ %s', ["4242[ -]?4242[ -]?4242[ -]?4242"])
            assert cursor.fetchone() == (0,), table


@pytest.mark.parametrize("number", FORMS)
def test_card_number_in_any_text_of_a_body(client, schema, headers, absent, number):
    fields = list(bodies_of(schema))
    assert ("POST", "/api/v1/payments/", ("method", "token")) in [field[:3] for field in fields]
    for method, route, path, needed in fields:
        body = body_with(*needed, (path, number))
        answer = client.generic(method, url(route), json.dumps(body), "application/json", headers=headers)
        where = f"{method} {route} {path}: {answer.status_code}"
        assert answer.status_code == 400, where
        assert any(name.startswith(".".join(map(str, path[:1]))) for name in answer.json()["errors"]), where


def test_card_number_in_any_filter(client, schema, headers, absent):
    filters = list(filters_of(schema))
    assert ("/api/v1/admin/payments/", "reference") in filters
    for route, name in filters:
        answer = client.get(url(route), {name: CARD}, headers=headers)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [name]), f"{route} {name}"


def test_code_of_a_card_is_no_field_of_any_call(schema):
    names = {str(path[-1]) for _method, _route, path, _needed in bodies_of(schema)}
    assert not names & {"cvv", "cvc", "cvv2", "card_number", "number", "pan", "security_code"}
