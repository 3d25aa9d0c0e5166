"""Keeps the processes of the stack running, and ends all of them with itself."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from insure_cli.project import SETTINGS
from insure_cli.stack.home import Home
from insure_cli.stack.services import SERVERS, Service
from insure_common.testing import servers

PR_SET_CHILD_SUBREAPER = 36
LOOK_INTERVAL = 0.2
LONGEST_PAUSE = 10.0
PROVEN_AFTER = 30.0
"""Seconds a process must have run for its next restart to come at once again."""
START_TIMEOUT = 120.0


class StopRequested(BaseException):
    """Ctrl-C, `insure down`, or the end of the process that started us."""


class StackFailed(Exception):
    """A process of the stack did not start; the message names its log."""


def take_signals(*, ends_with_parent: bool) -> None:
    """Raise StopRequested on every signal that asks for the end, and adopt what our children leave behind."""
    # Set explicitly: a shell's background job inherits SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _request_stop)
    servers.libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    if ends_with_parent:
        servers.die_with_parent(os.getppid(), signal.SIGTERM)


def _request_stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise StopRequested


@dataclass(slots=True)
class Running:
    service: Service
    process: subprocess.Popen[bytes]
    started_at: float = field(default_factory=time.monotonic)
    ready_after: float = 0.0
    pause: float = 0.0
    """Seconds between its end and the next restart."""
    restart_at: float | None = None


class Supervisor:
    def __init__(self, home: Home, *, on_change: Callable[[str, str], None]) -> None:
        """`on_change` hears (process, what) of every one that ended and every one that is back."""
        self._home = home
        self._environment: dict[str, str] = dict(os.environ)
        self._on_change = on_change
        self._others: list[subprocess.Popen[bytes]] = []
        self.running: dict[str, Running] = {}

    def set_environment(self, variables: Mapping[str, str]) -> None:
        """What processes started from now on find in their environment."""
        self._environment |= {
            **variables,
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "INSURE_HOME": str(self._home.path),
            "TMPDIR": str(self._home.tmp),
        }

    def start(self, services: Sequence[Service], *, on_ready: Callable[[Running], None]) -> None:
        """Start processes together and wait for each. Raises StackFailed."""
        for service in services:
            self.running[service.name] = Running(service, self._spawn(service))
        for service in services:
            running = self.running[service.name]
            try:
                servers.wait_until(service.is_ready, running.process, timeout=START_TIMEOUT)
            except servers.StartFailed as error:
                raise self.failure(service.name, str(error)) from error
            running.ready_after = time.monotonic() - running.started_at
            on_ready(running)

    def run(self, name: str, command: Sequence[str]) -> None:
        """Run one command to its end; its output goes to the log `name`. Raises StackFailed."""
        with self._home.log(name).open("ab") as log:
            code = self.spawn(command, stdout=log, stderr=subprocess.STDOUT).wait()
        if code != 0:
            raise self.failure(name, f"ended with {code}")

    def spawn(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a process that is not restarted but ends with us."""
        process = servers.start(command, death_signal=signal.SIGTERM, env=self._environment, **options)
        self._others.append(process)
        return process

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        with self._home.log(service.name).open("ab") as log:
            return servers.start(
                service.command,
                death_signal=service.death_signal,
                refuses_root=service.refuses_root,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def failure(self, name: str, what: str) -> StackFailed:
        log = self._home.log(name)
        lines = log.read_text(errors="replace").splitlines()[-8:]
        tail = "".join(f"\n    {line[:200]}" for line in lines)
        return StackFailed(f"{name} {what}; read {log}{tail}")

    def watch(self, until: subprocess.Popen[bytes] | None = None) -> None:
        """Restart what ends, until `until` has ended or StopRequested comes."""
        while until is None or until.poll() is None:
            for running in self.running.values():
                self._look_after(running)
            time.sleep(LOOK_INTERVAL)

    def _look_after(self, running: Running) -> None:
        code, name, now = running.process.poll(), running.service.name, time.monotonic()
        if code is None:
            return
        if running.restart_at is None:
            has_proven = now - running.started_at > PROVEN_AFTER
            running.pause = 0.0 if has_proven else min(max(2 * running.pause, 0.5), LONGEST_PAUSE)
            running.restart_at = now + running.pause
            self._on_change(name, f"ended with {code}; it is started again, see {self._home.log(name)}")
        if now < running.restart_at:
            return
        # A busy PostgreSQL leaves backends that keep its successor from starting.
        self._end_strays()
        running.process = self._spawn(running.service)
        running.started_at, running.restart_at = now, None
        self._on_change(name, f"is back as process {running.process.pid}")

    def stop(self) -> None:
        """End everything: the applications together, then the servers they need."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        pairs = {name: (one.process, one.service.stop_signal) for name, one in self.running.items()}
        servers.stop(
            [
                *((process, signal.SIGTERM) for process in self._others),
                *(pair for name, pair in pairs.items() if name not in SERVERS),
            ]
        )
        servers.stop([pair for name, pair in pairs.items() if name in SERVERS])
        self._end_strays()

    def _end_strays(self) -> None:
        """Kill and reap children that nobody owns: what a killed child left, or a start that a signal cut short."""
        owned = {process.pid for process in self._others} | {one.process.pid for one in self.running.values()}
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        for pid in set(map(int, children)) - owned:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
