"""The floors of bench_payments: the least that a webhook and a settlement need, in tables of their own."""

import hashlib
import threading
from typing import Any

import psycopg
from django.db import connection
from django.urls import path
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from insure_common.ids import new_id

ACCOUNTS = 20_000
KEY = b"bench"

TABLES = """
DROP SCHEMA IF EXISTS floor CASCADE;
CREATE SCHEMA floor;
CREATE TABLE floor.account (id bigint PRIMARY KEY, balance numeric(18, 2) NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50);
CREATE TABLE floor.payment (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES floor.account,
  amount numeric(14, 2) NOT NULL, status text NOT NULL, confirmed_at timestamptz, ext_id text) WITH (fillfactor = 70);
CREATE TABLE floor.webhook_event (id bigserial PRIMARY KEY, event_id text NOT NULL UNIQUE, type text,
  payload jsonb NOT NULL, received_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE floor.ledger_tx (id bigserial PRIMARY KEY, payment_id bigint NOT NULL REFERENCES floor.payment,
  posted_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON floor.ledger_tx (payment_id);
CREATE TABLE floor.ledger_leg (id bigserial PRIMARY KEY, tx_id bigint NOT NULL REFERENCES floor.ledger_tx,
  account_id bigint NOT NULL REFERENCES floor.account, amount numeric(14, 2) NOT NULL);
CREATE INDEX ON floor.ledger_leg (tx_id);
CREATE INDEX ON floor.ledger_leg (account_id, id);
CREATE TABLE floor.receipt (id bigserial PRIMARY KEY, payment_id bigint NOT NULL UNIQUE REFERENCES floor.payment,
  number text NOT NULL, issued_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE floor.audit (id bigserial PRIMARY KEY, tbl text NOT NULL, row_id bigint NOT NULL, action text NOT NULL,
  diff jsonb NOT NULL, actor text, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON floor.audit (tbl, row_id);
INSERT INTO floor.account (id) SELECT n FROM generate_series(1, {accounts}) n;
INSERT INTO floor.payment SELECT n, 2 + (n % ({accounts} - 1)), 100 + (n % 900), 'pending'
  FROM generate_series(1, {payments}) n;
"""
INSERT_EVENT = (
    "INSERT INTO floor.webhook_event (event_id, type, payload) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id"
)


class FloorView(APIView):
    """Checks the SHA-256 of the body and inserts the event."""

    authentication_classes = []
    permission_classes = []
    parser_classes = [JSONParser]
    renderer_classes = [JSONRenderer]

    def post(self, request: Any) -> Response:
        body = request._request.body
        if hashlib.sha256(body + KEY).hexdigest() != request.headers.get("X-Checksum"):
            return Response(status=400)
        event = request.data
        with connection.cursor() as cursor:
            cursor.execute(INSERT_EVENT, (event["signature"]["checksum"], event["event"], body.decode()))
            is_new = cursor.fetchone()
        return Response({"new": bool(is_new)})


urlpatterns = [path("hook", FloorView.as_view())]
local = threading.local()


def make_tables(*, payments: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLES.format(accounts=ACCOUNTS, payments=payments))


def confirmations(jobs: list[tuple[int, str]]) -> None:
    if not hasattr(local, "connection"):
        options = connection.get_connection_params()
        local.connection = psycopg.connect(
            **{key: options[key] for key in ("host", "port", "user", "password", "dbname")}, autocommit=True
        )
    for number, body in jobs:
        with local.connection.transaction(), local.connection.cursor() as cursor:
            confirm(cursor, number, body)


def confirm(cursor: Any, number: int, body: str) -> None:
    """The floor: eleven statements, BEGIN and COMMIT, each a round trip; both balances are kept."""
    account = 2 + number % (ACCOUNTS - 1)
    other = 2 + (number * 7919) % (ACCOUNTS - 1)
    other = 1 if other == account else other
    event_id = str(new_id())
    cursor.execute(INSERT_EVENT, (event_id, "payment", body))
    cursor.fetchone()
    cursor.execute("SELECT amount, status FROM floor.payment WHERE id = %s FOR UPDATE", (number,))
    amount, _ = cursor.fetchone()
    cursor.execute(
        "UPDATE floor.payment SET status = 'confirmed', confirmed_at = now(), ext_id = %s WHERE id = %s",
        (event_id, number),
    )
    cursor.execute("INSERT INTO floor.ledger_tx (payment_id) VALUES (%s) RETURNING id", (number,))
    (entry,) = cursor.fetchone()
    insert = "INSERT INTO floor.ledger_leg (tx_id, account_id, amount) VALUES (%s, %s, %s)"
    cursor.execute(insert, (entry, account, amount))
    cursor.execute(insert, (entry, other, -amount))
    for each, change in sorted(((account, amount), (other, -amount))):
        cursor.execute(
            "UPDATE floor.account SET balance = balance + %s, version = version + 1 WHERE id = %s", (change, each)
        )
    cursor.execute("INSERT INTO floor.receipt (payment_id, number) VALUES (%s, %s)", (number, f"R-{number}"))
    cursor.execute(
        "INSERT INTO floor.audit (tbl, row_id, action, diff, actor) VALUES ('payment', %s, 'update', %s, 'webhook')",
        (number, '{"status": ["pending", "confirmed"]}'),
    )
