"""What is done to the stack while clients use it, and the table of experiments."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

import click
import redis

from faults import debtors, phones
from faults.auditor import Auditor
from faults.stack import Stack

Fault = Callable[[Stack, Random], str]
"""Does it, and says in one line what it did."""

APPLICATIONS = ("web", "worker", "relay", "beat")
EVERYTHING = (*APPLICATIONS, "redis", "postgres")
QUEUE = "celery"


def kill(*names: str) -> Fault:
    """kill -9 of one of these, or of one of its children."""

    def fault(stack: Stack, rng: Random) -> str:
        name = rng.choice(names)
        processes = stack.processes(name)
        victim = rng.choice(processes[:1] if rng.random() < 0.5 else processes) if processes else 0
        _signal(signal.SIGKILL, victim)
        return f"killed {name} ({victim or 'was down'})"

    return fault


def freeze(*names: str, seconds: tuple[float, float] = (2, 8)) -> Fault:
    """It is there and accepts connections, but answers nobody for a while."""

    def fault(stack: Stack, rng: Random) -> str:
        name, pause = rng.choice(names), rng.uniform(*seconds)
        processes = stack.processes(name)
        try:
            _signal(signal.SIGSTOP, *processes)
            time.sleep(pause)
        finally:
            _signal(signal.SIGCONT, *processes)
        return f"froze {name} for {pause:.1f} s"

    return fault


def gone(name: str, *, seconds: float) -> Fault:
    """It is killed again as often as it is started; afterwards it is left alone for twice as long."""

    def fault(stack: Stack, rng: Random) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            _signal(signal.SIGKILL, *stack.processes(name)[:1])
            time.sleep(0.2)
        # The supervisor takes its time after so many deaths, and so do the workers to come back.
        time.sleep(2 * seconds)
        return f"kept {name} down for {seconds:.0f} s"

    return fault


def restart(stack: Stack, rng: Random) -> str:
    """A new release comes: every process is asked to end, the web server to change its workers one after the other."""
    for name in APPLICATIONS:
        _signal(signal.SIGHUP if name == "web" else signal.SIGTERM, *stack.processes(name)[:1])
    return "restarted everything"


def second_beat(stack: Stack, rng: Random) -> str:
    """Two schedulers fire every job."""
    seconds = rng.uniform(15, 30)
    with stack.second_beat():
        time.sleep(seconds)
    return f"had a second beat for {seconds:.0f} s"


def flush(stack: Stack, rng: Random) -> str:
    """Redis forgets everything: messages, limits, caches, breakers."""
    with suppress(redis.RedisError):
        redis.Redis.from_url(stack.state["redis"], socket_timeout=5).flushall()
    return "flushed redis"


def steal_messages(*, copies: int, seconds: float = 5) -> Fault:
    """Take part in the queue of the broker as one more worker, and put back each message `copies` times."""

    def fault(stack: Stack, rng: Random) -> str:
        client, stolen = redis.Redis.from_url(stack.state["redis"], socket_timeout=5), 0
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(redis.RedisError):
                if taken := client.brpop([QUEUE], timeout=1):
                    stolen += 1
                    for _ in range(copies):
                        client.lpush(QUEUE, taken[1])
            time.sleep(rng.uniform(0, 0.2))
        return f"{stolen} messages came {copies} times"

    return fault


def sandbox(**changes: Any) -> Fault:
    """Turn switches of the sandbox."""

    def fault(stack: Stack, rng: Random) -> str:
        stack.control(changes)
        return f"sandbox: {changes}"

    return fault


def _signal(number: signal.Signals, *processes: int) -> None:
    for process in filter(None, processes):
        with suppress(ProcessLookupError):
            os.kill(process, number)


ROUGH_EVENTS = {"duplicates": 1, "reorder": True, "drop_rate": 0.15, "delay_ms": 100}
CALM_EVENTS = {"duplicates": 0, "reorder": False, "drop_rate": 0, "delay_ms": 0}
WORSE_EVENTS = {"duplicates": 3, "reorder": True, "drop_rate": 0.2, "delay_ms": 100}
ROUGH: Mapping[str, Any] = {"wompi": {"latency_ms": 50, "events": ROUGH_EVENTS}}
CALM_PROVIDER = {"latency_ms": 0, "error_rate": 0, "force": {}, "events": CALM_EVENTS}
CALM: Mapping[str, Any] = {"wompi": CALM_PROVIDER, "pse": CALM_PROVIDER}


class Crowd(Protocol):
    """The clients of an experiment, each with `use` while things break and `come_back` when they may heal."""

    def __call__(self, stack: Stack, auditor: Auditor, *, seed: int, payments: int) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class Experiment:
    what: str
    faults: tuple[Fault, ...]
    """One of them is chosen again and again."""
    sandbox: Mapping[str, Any] = field(default_factory=lambda: ROUGH)
    """How the outside world behaves meanwhile."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that the whole stack gets."""
    pause: tuple[float, float] = (8.0, 32.0)
    """Seconds between two faults."""
    never: tuple[str, ...] = ()
    """Statuses, or `lost`, that no call may be answered with."""
    readers_per_second: int = 0
    """Requests a second that come besides."""
    crowd: Crowd = phones.crowd
    payments: int = 40
    """How many the clients wish to make unless the command line says otherwise."""


EXPERIMENTS: Mapping[str, Experiment] = {
    "main-path": Experiment("anything is killed at random", (kill(*EVERYTHING),)),
    "payments": Experiment(
        "anything is killed at random while clients pay by both providers and the insurer cancels and takes money",
        (kill(*EVERYTHING),),
        sandbox={name: {"latency_ms": 50, "error_rate": 0.02, "events": WORSE_EVENTS} for name in ("wompi", "pse")},
        environment={"PAYMENT_MINUTES": str(debtors.PAYMENT_MINUTES), "PAYMENTS_RATE": "1000/minute"},
        pause=(15.0, 45.0),
        crowd=debtors.crowd,
        payments=5000,
    ),
    "calm": Experiment("nothing is broken but the events", ()),
    "web-killed": Experiment("web workers die in the middle of requests", (kill("web"),)),
    "worker-killed": Experiment("workers die in the middle of tasks", (kill("worker"),)),
    "relay-killed": Experiment("relay and scheduler die", (kill("relay", "beat"),)),
    "frozen": Experiment("processes stop and go on as if nothing had happened", (freeze(*APPLICATIONS, "postgres"),)),
    "postgres-restarted": Experiment("PostgreSQL crashes and recovers", (kill("postgres"),)),
    "readiness": Experiment(
        "the database dies under load, and /readyz has to say so", (kill("postgres"),), readers_per_second=200
    ),
    "redis-gone": Experiment("Redis is away for long", (gone("redis", seconds=15),)),
    "redis-mute": Experiment("Redis accepts and never answers", (freeze("redis", seconds=(5, 12)),)),
    "redis-flushed": Experiment("Redis dies and comes back empty", (kill("redis"), flush)),
    "messages-lost": Experiment("the broker loses messages", (steal_messages(copies=0),)),
    "messages-doubled": Experiment("the broker doubles and reorders messages", (steal_messages(copies=2),)),
    "wrong-clocks": Experiment(
        "hosts disagree about the time by up to ten minutes, and about another one after each restart",
        (kill("web", "worker", "relay"),),
        environment={"PYTHONPATH": str(Path(__file__).parent / "clocks"), "FAULTS_CLOCK_SECONDS": "600"},
    ),
    "two-schedulers": Experiment(
        "beat runs twice, or is away for long", (second_beat, second_beat, gone("beat", seconds=30))
    ),
    "rolling-restart": Experiment(
        "every process is asked to end and starts anew",
        (restart,),
        pause=(25, 35),
        never=("503", "lost"),
        readers_per_second=200,
    ),
    "provider-fails": Experiment(
        "Wompi answers errors, or only after it has opened the payment and we have given up",
        (
            sandbox(wompi={"hang_ms": 25_000, "force": {"create": {"kind": "timeout"}}}),
            sandbox(wompi={"force": {"create": {"kind": "truncated"}, "read": {"kind": "bad_gateway", "times": 3}}}),
        ),
        sandbox={"wompi": {"latency_ms": 50, "error_rate": 0.1, "events": ROUGH_EVENTS}},
    ),
}


class Injector(threading.Thread):
    """Breaks things for the time of a block."""

    def __init__(self, stack: Stack, experiment: Experiment, *, seed: int) -> None:
        super().__init__(name="injector")
        self._stack, self._faults, self._pause = stack, experiment.faults, experiment.pause
        self._rng = Random(f"{seed}/injector")  # noqa: S311 repeatable, not secret
        self._is_over = threading.Event()

    def run(self) -> None:
        while self._faults and not self._is_over.wait(self._rng.uniform(*self._pause)):
            what = self._rng.choice(self._faults)(self._stack, self._rng)
            click.echo(f"  {time.strftime('%X')} {what}")

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()
