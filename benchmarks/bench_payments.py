"""insure_payments: what a webhook, a settlement and a posting cost over their floors and beside their peers.

The floors are written here, on the same server and in tables of their own: the bare DRF view that checks a SHA-256 and
inserts the event, and the bare psycopg transaction of 13 round trips that confirms one payment. Variants take turns;
each figure is the median of several rounds, ratios are taken within one run. Requests go through the whole WSGI
application in this process, without a socket.
"""

import hashlib
import io
import json
import logging
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ |= {"DJANGO_SETTINGS_MODULE": "composed_settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

import psycopg
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import path
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from insure_common import clock
from insure_common.ids import new_id
from insure_common.people import people
from insure_payments.documents.receipt import receipt_pdf
from insure_payments.enums import AccountKind, EntryKind, TransactionStatus
from insure_payments.gateways.base import GatewayTransaction
from insure_payments.gateways.wompi_events import event_checksum
from insure_payments.models import Allocation, Charge, ChargeHold, Payment, Receipt, Transaction
from insure_payments.services.post_charges import post_charges
from insure_payments.services.post_entry import Draft, Leg, post_entry
from insure_payments.services.settle_payment import settle_payment
from insure_payments.services.start_payment import reference_of
from insure_payments.testing.factories import METHOD
from insure_users.models import User
from insure_users.testing.factories import person

Row = tuple[str, float, str]

ROUNDS = 9
PER_ROUND = 150
THREADS = 4
CLIENTS = 400
FLOOR_ACCOUNTS = 20_000

FLOOR_TABLES = """
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


# --- webhooks ---------------------------------------------------------------------------------------------------------

KEY = b"bench"
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
numbers = count(1)


def event() -> bytes:
    """A genuine event of Wompi, of about 1.1 kB."""
    secret = settings.INSURE_PAYMENTS["GATEWAYS"]["WOMPI"]["events_secret"]
    number, timestamp = f"1{time.time_ns()}-{next(numbers)}", int(time.time())
    checksum = event_checksum(f"{number}APPROVED11900000", timestamp=timestamp, events_secret=secret)
    customer = {f"field_{n}": "v" * 40 for n in range(10)}
    body = {
        "event": "transaction.updated",
        "data": {
            "transaction": {"id": number, "status": "APPROVED", "amount_in_cents": 11_900_000, "customer": customer}
        },
        "environment": "test",
        "signature": {
            "properties": ["transaction.id", "transaction.status", "transaction.amount_in_cents"],
            "checksum": checksum,
        },
        "timestamp": timestamp,
        "sent_at": "2026-11-25T12:00:00.000Z",
    }
    return json.dumps(body).encode()


def posts_through(handler: WSGIHandler, url: str, bodies: list[bytes]) -> None:
    for body in bodies:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": url,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_CHECKSUM": hashlib.sha256(body + KEY).hexdigest(),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        response = handler(environ, lambda *_: None)
        assert response.status_code == 200, response.content
        response.close()


# --- settlements ------------------------------------------------------------------------------------------------------


def confirm_barely(cursor: Any, number: int, body: str) -> None:
    """The floor: eleven statements, BEGIN and COMMIT, each a round trip; both balances are kept."""
    account = 2 + number % (FLOOR_ACCOUNTS - 1)
    other = 2 + (number * 7919) % (FLOOR_ACCOUNTS - 1)
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


BODY = event().decode()
local = threading.local()


def floor_settlements(numbers: list[int]) -> None:
    if not hasattr(local, "connection"):
        options = connection.get_connection_params()
        local.connection = psycopg.connect(
            **{key: options[key] for key in ("host", "port", "user", "password", "dbname")}, autocommit=True
        )
    for number in numbers:
        with local.connection.transaction(), local.connection.cursor() as cursor:
            confirm_barely(cursor, number, BODY)


def settlements(reports: list[tuple[Any, GatewayTransaction]]) -> None:
    for payment_id, reported in reports:
        settle_payment(payment_id=payment_id, reported=reported)


def pending_payments(amount: int, users: list[Any]) -> list[tuple[Any, GatewayTransaction]]:
    """Payments of one charge each, opened at the provider, and what the provider then says of them."""
    now, payments = clock.now(), []
    charges = [
        Charge(
            user_id=users[number % len(users)],
            system="CASSE",
            reference=f"B-{new_id()}",
            holder_reference="H",
            concept="Prima seguro de hogar",
            policy_reference="POL-1",
            due_date=clock.today(),
            amount_in_cents=11_900_000,
            tax_in_cents=1_900_000,
            currency="COP",
        )
        for number in range(amount)
    ]
    with transaction.atomic():
        post_charges(charges)
        Charge.objects.bulk_create(charges)
        for charge in charges:
            number = new_id()
            payments.append(
                Payment(
                    id=number,
                    user_id=charge.user_id,
                    provider="WOMPI",
                    reference=reference_of(number),
                    status="PENDING",
                    amount_in_cents=charge.amount_in_cents,
                    currency="COP",
                    method=METHOD,
                    accepted_documents=[],
                    return_url="http://testserver/",
                    redirect_url="https://bank.example/",
                    expires_at=now + timedelta(hours=1),
                    next_poll_at=now + timedelta(minutes=1),
                )
            )
        Payment.objects.bulk_create(payments)
        pairs = list(zip(payments, charges, strict=True))
        Allocation.objects.bulk_create(
            Allocation(payment=payment, charge=charge, requested_in_cents=charge.amount_in_cents)
            for payment, charge in pairs
        )
        ChargeHold.objects.bulk_create(
            ChargeHold(payment=payment, charge=charge, expires_at=payment.expires_at) for payment, charge in pairs
        )
        attempts = Transaction.objects.bulk_create(
            Transaction(
                payment=payment,
                provider="WOMPI",
                provider_id=str(payment.pk),
                status="PENDING",
                amount_in_cents=payment.amount_in_cents,
                currency="COP",
            )
            for payment in payments
        )
    return [
        (
            attempt.payment_id,
            GatewayTransaction(
                provider="WOMPI",
                provider_id=str(attempt.provider_id),
                reference=attempt.payment.reference,
                status=TransactionStatus.APPROVED,
                amount_in_cents=attempt.amount_in_cents,
                currency="COP",
                environment="test",
                trace_code="123456",
                message="Aprobada",
                finalized_at=now,
            ),
        )
        for attempt in attempts
    ]


# --- postings ---------------------------------------------------------------------------------------------------------


def postings(users: list[Any], amount: int) -> None:
    for _ in range(amount):
        number = next(numbers)
        with transaction.atomic():
            post_entry(
                Draft(
                    kind=EntryKind.PAYMENT,
                    source="BENCH",
                    external_id=f"{time.time_ns()}-{number}",
                    description="bench",
                    currency="COP",
                    legs=(
                        Leg(1234, AccountKind.CLEARING),
                        Leg(-1234, user_id=users[number % len(users)]),
                    ),
                )
            )


# --- the run ----------------------------------------------------------------------------------------------------------


def rate(run: Callable[[Any], None], batches: list[list[Any]]) -> float:
    """Items a second, each batch in a thread of its own."""
    started = threading.Barrier(len(batches) + 1)
    failures: list[Exception] = []

    def work(batch: list[Any]) -> None:
        try:
            run(batch[:1])
            started.wait()
            run(batch[1:])
        except Exception as failure:  # noqa: BLE001 raised again below, in the main thread
            failures.append(failure)
            started.abort()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    started.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(len(batch) - 1 for batch in batches) / (time.perf_counter() - began)


def split(items: list[Any], parts: int) -> list[list[Any]]:
    return [items[part::parts] for part in range(parts)]


def statements_of(run: Callable[[], None]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        run()
    return [query["sql"] for query in captured.captured_queries]


def handlers() -> tuple[WSGIHandler, WSGIHandler]:
    composed = WSGIHandler()
    with override_settings(MIDDLEWARE=[]):
        bare = WSGIHandler()
    return composed, bare


class Peer:
    """Another library's like work, in turns with ours; see peers.py."""

    def __init__(self, name: str) -> None:
        program = [os.environ["BENCH_PEERS"], str(Path(__file__).with_name("peers.py")), name]
        self.process = subprocess.Popen(  # noqa: S603 our own program
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._line() == "ready"

    def rate(self, amount: int) -> float:
        assert self.process.stdin
        print(amount, file=self.process.stdin, flush=True)
        return amount / float(self._line())

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


def paced(run: Callable[[], None], amount: int) -> float:
    started = time.perf_counter()
    run()
    return amount / (time.perf_counter() - started)


def webhooks() -> Iterator[Row]:
    composed, bare = handlers()
    url, peer = "/api/v1/webhooks/wompi/", Peer("djstripe")
    found: dict[str, list[float]] = {"floor": [], "ours": [], "peer": []}
    used = statements_of(lambda: posts_through(composed, url, [event()]))
    for _ in range(2 * ROUNDS):
        bodies = [event() for _ in range(PER_ROUND)]
        with override_settings(ROOT_URLCONF=__name__):
            found["floor"].append(paced(lambda bodies=bodies: posts_through(bare, "/hook", bodies), PER_ROUND))
        bodies = [event() for _ in range(PER_ROUND)]
        found["ours"].append(paced(lambda bodies=bodies: posts_through(composed, url, bodies), PER_ROUND))
        found["peer"].append(peer.rate(PER_ROUND // 5))
    floor, ours, theirs = (statistics.median(found[name]) for name in ("floor", "ours", "peer"))
    yield "webhook, bare DRF view", floor, ""
    yield "webhook, dj-stripe", theirs, ""
    ratios = f"{ours / floor:.0%} of the floor (gate 60 %), {ours / theirs:.1f} x dj-stripe (gate 4)"
    yield "webhook stored durably", ours, f"{ratios}, statements: {len(used)}"


def settling(users: list[Any]) -> Iterator[Row]:
    free, found = count(1), dict[tuple[str, int], list[float]]()
    reports = pending_payments(20, users)
    settlements(reports[:10])
    used = statements_of(lambda: settlements(reports[10:11]))
    for _ in range(ROUNDS):
        for threads in (1, THREADS):
            wanted = PER_ROUND * threads
            bare = split([next(free) for _ in range(wanted)], threads)
            ours = split(pending_payments(wanted, users), threads)
            found.setdefault(("floor", threads), []).append(rate(floor_settlements, bare))
            found.setdefault(("ours", threads), []).append(rate(settlements, ours))
    median = {name: statistics.median(values) for name, values in found.items()}
    for threads in (1, THREADS):
        floor, our = median["floor", threads], median["ours", threads]
        yield f"confirmation in 13 round trips, threads: {threads}", floor, ""
        remark = f"{our / floor:.0%} of the floor (gate 40 %), {len(used)} statements"
        if threads > 1:
            remark += f", {our / median['ours', 1]:.2f} x one thread (gate 1.7)"
        yield f"payment settled, threads: {threads}", our, remark


def posting(users: list[Any]) -> Iterator[Row]:
    postings(users, CLIENTS)
    used = statements_of(lambda: postings(users, 1))
    peers = {"django-hordak": (Peer("hordak"), 1), "django-ledger": (Peer("ledger"), 5)}
    found: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
    for _ in range(2 * ROUNDS):
        found["ours"].append(paced(lambda: postings(users, PER_ROUND), PER_ROUND))
        for name, (peer, share) in peers.items():
            found[name].append(peer.rate(PER_ROUND // share))
    median = {name: statistics.median(values) for name, values in found.items()}
    for name in peers:
        yield f"entry, {name}", median[name], ""
    hordak, ledger = (median["ours"] / median[name] for name in peers)
    ratios = f"{hordak:.1f} x hordak (gate 1.5), {ledger:.1f} x ledger (gate 8)"
    yield "entry posted, balances kept", median["ours"], f"{ratios}, {len(used)} statements"


def receipts() -> Iterator[Row]:
    """Of the time of one core: how long a core works, not how long it waits for others on this machine."""
    rows = list(Receipt.objects.select_related("payment", "transaction").order_by("-pk")[:PER_ROUND])
    payer, found = people().get(rows[0].payment.user_id), []
    for _ in range(ROUNDS):
        started = time.process_time()
        for receipt in rows:
            receipt_pdf(receipt=receipt, payer=payer, bank="Bancolombia")
        found.append(len(rows) / (time.process_time() - started))
    yield "receipts rendered, one core", statistics.median(found), "(gate 300)"


def main() -> None:
    logging.disable()
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        floor_payments = PER_ROUND * (THREADS + 1) * ROUNDS + 10
        cursor.execute(FLOOR_TABLES.format(accounts=FLOOR_ACCOUNTS, payments=floor_payments))
    start = time.time_ns() // 1000 % 10**10
    clients = User.objects.bulk_create(
        User(**person(email_primary=f"b{start + n}@example.com", id_number=str(start + n))) for n in range(CLIENTS)
    )
    users = [client.pk for client in clients]
    for name, figure, remark in (*webhooks(), *settling(users), *posting(users), *receipts()):
        print(f"{name:<45}{figure:9.0f} a second   {remark}", flush=True)


if __name__ == "__main__":
    main()
