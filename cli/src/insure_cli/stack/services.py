"""The processes of the stack: how each is started, when it is ready, how it is stopped."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from insure_cli.stack.environment import Ports
from insure_cli.stack.home import Home
from insure_common.testing.servers import (
    LOOPBACK,
    is_postgres_ready,
    is_valkey_ready,
    postgres_command,
    valkey_command,
)

SERVERS = ("postgres", "redis")
APPLICATIONS = ("web", "worker", "beat", "relay")

PYTHON = (sys.executable, "-m")
CELERY = (*PYTHON, "celery", "--app", "deploy_project.celery")


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    command: list[str]
    is_ready: Callable[[], bool]
    """Asked again and again after the start."""
    shown: str = ""
    """Where it is to be found."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    """What it gets when the supervisor was killed."""
    refuses_root: bool = False


def postgres(home: Home, ports: Ports) -> Service:
    return Service(
        "postgres",
        postgres_command(home.postgres, port=ports.postgres),
        is_ready=lambda: is_postgres_ready(ports.postgres),
        shown=f"{LOOPBACK}:{ports.postgres}",
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        refuses_root=True,
    )


def redis(home: Home, ports: Ports) -> Service:
    return Service(
        "redis",
        valkey_command(home.redis, port=ports.redis),
        is_ready=lambda: is_valkey_ready(ports.redis),
        shown=f"{LOOPBACK}:{ports.redis}",
    )


def sandbox(home: Home, ports: Ports, *, policies: int) -> Service:
    return Service(
        "sandbox",
        [
            *(*PYTHON, "insure_cli.sandbox", "--policies", str(policies)),
            *("--port", str(ports.sandbox), "--smtp-port", str(ports.smtp)),
        ],
        is_ready=(home.tmp / "sandbox.ready").exists,
        shown=f"http://{LOOPBACK}:{ports.sandbox}",
    )


def applications(home: Home, ports: Ports, environment: Mapping[str, str]) -> list[Service]:
    """The processes of the deployment project, in the order of APPLICATIONS."""
    url = f"http://{LOOPBACK}:{ports.web}"
    return [
        Service(
            "web",
            [
                *(*PYTHON, "gunicorn", "deploy_project.wsgi", "--bind", f"{LOOPBACK}:{ports.web}"),
                *("--worker-class", "deploy_project.worker.Worker", "--workers", "2", "--threads", "4", "--preload"),
                *("--graceful-timeout", "5", "--no-control-socket"),
            ],
            is_ready=lambda: answers(f"{url}/readyz"),
            shown=url,
        ),
        Service(
            "worker",
            [
                *(*CELERY, "worker", "--concurrency", "4", "--loglevel", environment["LOG_LEVEL"]),
                *("--include", "insure_cli.stack.pool", "--without-gossip", "--without-mingle"),
            ],
            is_ready=(home.tmp / "worker.ready").exists,
            # At SIGTERM it would first finish its task; the lease of its message runs out anyway.
            death_signal=signal.SIGKILL,
        ),
        Service(
            "beat",
            [
                *(*CELERY, "beat", "--pidfile=", "--schedule", str(home.path / "beat.db")),
                *("--loglevel", environment["LOG_LEVEL"]),
            ],
            is_ready=lambda: True,
        ),
        Service("relay", [*PYTHON, "insure_cli", "relay"], is_ready=lambda: True),
    ]


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
