"""insure_common: what the middlewares add to a request, what an outbox row costs, how fast the relay hands over.

Variants run interleaved; each figure is the median of several rounds.
"""

import io
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ |= {"DJANGO_SETTINGS_MODULE": "composed_settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

import redis
from celery import current_app
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import override_settings
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from insure_common import outbox, relay
from insure_common.api.throttles import FairUse
from insure_common.models import OutboxMessage

ROUNDS = 15
REQUESTS = 300
INSERTS = 200
ROWS = 2_000
HANDOVERS = 300
THROTTLED = 40
RELAY = "relay"


class Hello(APIView):
    authentication_classes = []
    permission_classes = []

    def get(self, request: Any) -> Response:
        return Response({"hello": "world"})


class Fair(Hello):
    throttle_classes = [FairUse]
    throttle_scope = "benchmark"


urlpatterns = [path("api/v1/hello/", Hello.as_view()), path("api/v1/fair/", Fair.as_view())]


def requests_through(handler: WSGIHandler, address: str = "/api/v1/hello/", *, times: int = REQUESTS) -> float:
    """Milliseconds per request."""
    started = time.perf_counter()
    for _ in range(times):
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": address,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http",
        }
        response = handler(environ, lambda *_: None)
        response.close()
    return (time.perf_counter() - started) / times * 1000


def slowest_throttled(url: str) -> float:
    """Milliseconds of the slowest of some requests, each of which finds out anew whether Redis answers."""
    fair = {**settings.INSURE_COMMON, "REDIS_URL": url, "THROTTLES": {"benchmark": "1000000/minute;1000000/day"}}
    with override_settings(ROOT_URLCONF=__name__, INSURE_COMMON=fair):
        handler, slowest = WSGIHandler(), 0.0
        for number in range(1 + THROTTLED):
            FairUse._closed_until = 0.0
            took = requests_through(handler, "/api/v1/fair/", times=1)
            # The first one loads the client of Redis.
            slowest = max(slowest, took) if number else 0.0
    return slowest


def redis_mute() -> dict[str, float]:
    """Milliseconds of the slowest throttled request while Redis answers, and while it takes connections and is mute."""
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as mute:
        urls = {"answers": settings.INSURE_COMMON["REDIS_URL"], "mute": f"redis://127.0.0.1:{mute.getsockname()[1]}/0"}
        return medians({name: (lambda url=url: slowest_throttled(url)) for name, url in urls.items()}, rounds=5)


def handler_with(middleware: list[str]) -> WSGIHandler:
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=middleware):
        return WSGIHandler()


def rows_enqueued() -> float:
    """Milliseconds per row, one transaction each."""
    started = time.perf_counter()
    for _ in range(INSERTS):
        with transaction.atomic():
            outbox.enqueue("insure_common.none", payload={"id": 1})
    return (time.perf_counter() - started) / INSERTS * 1000


def bare_inserts() -> float:
    """The floor: one psycopg INSERT a transaction into a table of the same columns."""
    started = time.perf_counter()
    for _ in range(INSERTS):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO insure_common_outboxmessage (id, task, payload, status, priority, due_at, attempts,"
                " created_at, last_error) VALUES (uuidv7(), 'none', '{\"id\": 1}', 'READY', 5, now(), 0, now(), '')"
            )
    return (time.perf_counter() - started) / INSERTS * 1000


def relay_rate() -> float:
    """Rows handed over per second."""
    OutboxMessage.objects.all().delete()
    OutboxMessage.objects.bulk_create(OutboxMessage(task="none", payload={}, priority=5) for _ in range(ROWS))
    started = time.perf_counter()
    ahead = 0
    while relay.relay_once(ahead=(ahead := ahead + 200)):
        pass
    rate = ROWS / (time.perf_counter() - started)
    with current_app.connection_for_write() as broker:
        broker.default_channel.queue_purge("celery")
    return rate


def handover_latencies() -> list[float]:
    """Milliseconds from a commit until the broker has the message, one by one, from a relay in a process of its own."""
    relay_process = subprocess.Popen([sys.executable, __file__, RELAY])  # noqa: S603 this program
    broker = redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=None)
    found = []
    try:
        for number in range(HANDOVERS + 1):
            started = time.perf_counter()
            message_id = str(outbox.enqueue("insure_common.none", payload={"id": number})).encode()
            # What the relay's own hooks have enqueued passes by as well.
            while message_id not in broker.blpop("celery", timeout=60)[1]:
                pass
            found.append((time.perf_counter() - started) * 1000)
            # Nobody consumes it, and the relay goes no further ahead than it may.
            OutboxMessage.objects.filter(status=OutboxMessage.Status.LEASED).delete()
            time.sleep(random.uniform(0, 0.05))  # noqa: S311 only not in step with the relay
    finally:
        relay_process.terminate()
        relay_process.wait()
    # The first one waited for the process to start.
    return found[1:]


def medians(variants: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    figures: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            figures[name].append(run())
    return {name: statistics.median(values) for name, values in figures.items()}


def main() -> None:
    call_command("migrate", verbosity=0)
    composed, bare = handler_with(settings.MIDDLEWARE), handler_with([])
    with override_settings(ROOT_URLCONF=__name__):
        http = medians({"bare": lambda: requests_through(bare), "composed": lambda: requests_through(composed)})
    inserts = medians({"bare": bare_inserts, "outbox": rows_enqueued})
    rate = medians({"relay": relay_rate}, rounds=5)["relay"]
    OutboxMessage.objects.all().delete()
    latencies = statistics.quantiles(handover_latencies(), n=100)
    OutboxMessage.objects.all().delete()
    slowest = redis_mute()
    added, times = http["composed"] - http["bare"], inserts["outbox"] / inserts["bare"]
    for name, milliseconds, remark in (
        ("request, bare DRF view", http["bare"], ""),
        ("request, all middlewares", http["composed"], f"adds {added:.3f} ms"),
        ("one INSERT a transaction", inserts["bare"], ""),
        ("one outbox row a transaction", inserts["outbox"], f"x {times:.2f}"),
        ("slowest throttled request", slowest["answers"], ""),
        ("the same, Redis mute", slowest["mute"], f"adds {slowest['mute'] - slowest['answers']:.1f} ms   (gate: 50)"),
    ):
        print(f"{name:<32}{milliseconds:8.3f} ms   {remark}")
    print(f"{'relay to Redis':<32}{rate:8.0f} rows a second")
    print(f"{'hand-over of one row':<32}{latencies[49]:8.0f} ms, 99th percentile {latencies[98]:.0f} ms   (gate: 300)")


if __name__ == "__main__":
    if RELAY in sys.argv:
        relay.run(threading.Event())
    main()
