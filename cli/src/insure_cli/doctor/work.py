"""Redis, the background processes, and the work that waits for them."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

import redis

from insure_cli.doctor.findings import Finding, Status, fine, judged, unreachable

RETRY = "read the worker's log, mend the cause, then: insure outbox retry --as EMAIL --reason WHY"
START = {
    "relay": "start it: insure relay",
    "worker": "start one: celery --app deploy_project.celery worker; if one runs, look at its Redis",
    "beat": "start it: celery --app deploy_project.celery beat; first see that a worker is alive",
}
LATEST = {"relay": 60, "worker": 60, "beat": 120}
"""Seconds without a sign of life."""
LATE_SECONDS = 60
UNSEALED_SECONDS = 10


def check_redis() -> Iterator[Finding]:
    from django.conf import settings

    broker, cache = settings.CELERY_BROKER_URL, settings.CACHES["default"]["LOCATION"]
    servers = [("broker", broker, "REDIS_URL"), ("cache", cache, "CACHE_URL")]
    for name, url, variable in servers if cache != broker else servers[:1]:
        try:
            yield from _check_server(name, url)
        except redis.RedisError as error:
            yield unreachable(name, error, f"start Redis, or correct {variable}")


def _check_server(name: str, url: str) -> Iterator[Finding]:
    options = {"socket_timeout": 2, "socket_connect_timeout": 2}
    with redis.Redis.from_url(url, **options) as server:
        information = server.info()
    yield fine(name, f"Redis {information['redis_version']} at {urlsplit(url).hostname}")
    if name == "broker":
        policy = information["maxmemory_policy"]
        mend = "set it in redis.conf: maxmemory-policy noeviction"
        yield judged(f"{name} memory", f"policy {policy}", is_right=policy == "noeviction", mend=mend)
    yield _check_password(name, url, **options)


def _check_password(name: str, url: str, **options: int) -> Finding:
    parts = urlsplit(url)
    is_near = _is_loopback(parts.hostname or "")
    stranger = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        with redis.Redis.from_url(stranger, **options) as server:
            server.ping()
    except redis.AuthenticationError:
        if parts.scheme == "rediss" or is_near:
            return fine(f"{name} access", "password required")
        detail = "password required, but it crosses the network in clear"
        return Finding(f"{name} access", Status.WARNING, detail, "use TLS: rediss://")
    detail = "no password, reachable on loopback only" if is_near else "no password: whoever reaches it is in"
    mend = "set requirepass in redis.conf and put the password into the URL"
    return judged(f"{name} access", detail, is_right=is_near, mend=mend)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def check_processes() -> Iterator[Finding]:
    from insure_common.liveness import ages

    for process, age in ages().items():
        if age is None:
            yield Finding(process, Status.WRONG, "never seen", START[process])
            continue
        seconds = max(0, round(age.total_seconds()))
        is_alive = seconds <= LATEST[process]
        detail = f"seen {seconds} s ago"
        yield judged(process, detail, is_right=is_alive, mend=START[process])


def check_backlog() -> Iterator[Finding]:
    from insure_audit.public import gauges as audit_gauges
    from insure_common.metrics import gauges

    values = {gauge.name: gauge.values for gauge in (*gauges(), *audit_gauges())}
    waiting = int(sum(values["insure_outbox_ready"].values()))
    late = max(values["insure_outbox_oldest_due_seconds"].values(), default=0)
    detail = f"{waiting} messages wait, the oldest for {late:.0f} s" if late >= 1 else f"{waiting} messages wait"
    mend = "see that relay, Redis and workers are alive; start more workers"
    yield judged("outbox", detail, is_right=late <= LATE_SECONDS, mend=mend)
    failed = int(values["insure_outbox_failed"][()])
    yield judged("failed work", f"{failed} messages have failed for good", is_right=not failed, mend=RETRY)
    unsealed = values["insure_audit_oldest_unsealed_seconds"][()]
    detail = f"an event waits for its seal for {unsealed:.0f} s" if unsealed >= 1 else "every event is sealed"
    mend = "see that the relay is alive and AUDIT_ANCHOR_DIR can be written"
    yield judged("audit trail", detail, is_right=unsealed <= UNSEALED_SECONDS, mend=mend)
