"""insure_payments: what a webhook, a settlement and a posting cost over their floors and beside their peers.

The floors are on the same server, see payments_floor.py: the bare DRF view that checks a SHA-256 and inserts the event,
and the bare psycopg transaction of 13 round trips that confirms one payment. Peers: see peers.py. Variants take turns;
each figure is the median of several rounds, ratios are taken within one run. Requests go through the whole WSGI
application in this process, without a socket.
"""

import logging
import os
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ |= {"DJANGO_SETTINGS_MODULE": "composed_settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

import payments_floor
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import override_settings
from measuring import Peer, paced, rate, split, statements_of
from payments_work import event, handlers, pending_payments, postings, posts_through, settlements

from insure_common.people import people
from insure_payments.documents.receipt import receipt_pdf
from insure_payments.models import Receipt
from insure_users.models import User
from insure_users.testing.factories import person

Row = tuple[str, float, str]

ROUNDS = 9
PER_ROUND = 150
THREADS = 4
CLIENTS = 400


def webhooks() -> Iterator[Row]:
    composed, bare = handlers()
    url, peer = "/api/v1/webhooks/wompi/", Peer("djstripe")
    found: dict[str, list[float]] = {"floor": [], "ours": [], "peer": []}
    posts_through(composed, url, [event()])  # connects
    used = statements_of(lambda: posts_through(composed, url, [event()]))
    for _ in range(2 * ROUNDS):
        bodies = [event() for _ in range(PER_ROUND)]
        with override_settings(ROOT_URLCONF=payments_floor.__name__):
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
    free, found, body = count(1), dict[tuple[str, int], list[float]](), event().decode()
    reports = pending_payments(20, users)
    settlements(reports[:10])
    analyze()
    used = statements_of(lambda: settlements(reports[10:11]))
    for _ in range(ROUNDS):
        for threads in (1, THREADS):
            wanted = PER_ROUND * threads
            bare = split([(next(free), body) for _ in range(wanted)], threads)
            ours = split(pending_payments(wanted, users), threads)
            found.setdefault(("floor", threads), []).append(rate(payments_floor.confirmations, bare))
            found.setdefault(("ours", threads), []).append(rate(settlements, ours))
    median = {name: statistics.median(values) for name, values in found.items()}
    for threads in (1, THREADS):
        floor, our = median["floor", threads], median["ours", threads]
        yield f"confirmation in 13 round trips, threads: {threads}", floor, ""
        remark = f"{our / floor:.0%} of the floor (gate 40 %), {len(used)} statements"
        if threads > 1:
            share, scale = our / median["floor", 1], our / median["ours", 1]
            remark += f", {share:.0%} of its one thread (gate 1.7 x 40 %), {scale:.2f} x our one thread"
        yield f"payment settled, threads: {threads}", our, remark


def analyze() -> None:
    """What autovacuum does within the first minutes: plans made for empty tables would read all of a full one."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


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
    ratios = f"{hordak:.2f} x hordak (gate 1.5), {ledger:.1f} x ledger (gate 8)"
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
    # As in production; the settings of the tests end a connection with each request.
    connections.settings["default"]["CONN_MAX_AGE"] = 60
    call_command("migrate", verbosity=0)
    payments_floor.make_tables(payments=PER_ROUND * (THREADS + 1) * ROUNDS + 10)
    start = time.time_ns() // 1000 % 10**10
    clients = User.objects.bulk_create(
        User(**person(email_primary=f"b{start + n}@example.com", id_number=str(start + n))) for n in range(CLIENTS)
    )
    users = [client.pk for client in clients]
    for name, figure, remark in (*webhooks(), *settling(users), *posting(users), *receipts()):
        print(f"{name:<45}{figure:9.0f} a second   {remark}", flush=True)


if __name__ == "__main__":
    main()
