"""The stack under test: started for one experiment in a temporary folder, ended and deleted with it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

INSURE = (sys.executable, "-m", "insure_cli")
GIVES_WAY = (
    "DATABASE_URL",
    "DATABASE_MIGRATION_URL",
    "REDIS_URL",
    "CACHE_URL",
    "WOMPI_BASE_URL",
    "PSE_BASE_URL",
    "CASSE_BASE_URL",
    "EMAIL_HOST",
)
"""Servers named by these variables would be used instead of our own, and broken."""
START_TIMEOUT = 180.0
STOP_TIMEOUT = 60.0


class Stack:
    def __init__(self, home: Path, supervisor: int) -> None:
        self._home, self._supervisor = home, supervisor
        self.sandbox = httpx.Client(base_url=self.state["sandbox"], timeout=30, trust_env=False)

    @property
    def state(self) -> dict[str, Any]:
        """stack.json as it is now; process ids change with every restart."""
        content: dict[str, Any] = json.loads((self._home / "stack.json").read_text())
        return content

    def processes(self, name: str) -> list[int]:
        """A process of the stack and its children, if it runs at present."""
        pid = self.state["pids"][name]
        with suppress(FileNotFoundError, ProcessLookupError):
            # A number that was given to somebody else meanwhile is not ours to signal.
            if f"\nPPid:\t{self._supervisor}\n" in Path(f"/proc/{pid}/status").read_text():
                return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        return []

    def control(self, changes: Mapping[str, Any]) -> None:
        """Turn switches of the sandbox."""
        self.sandbox.post("/control/", json=changes).raise_for_status()

    def database(self) -> psycopg.Connection[dict[str, Any]]:
        """The owner's connection, for plain SQL: no code under test has a say."""
        return psycopg.connect(self.state["database_migration"], row_factory=dict_row, connect_timeout=5)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.state["env"], "INSURE_HOME": str(self._home)}

    def insure(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command `insure` in the environment of the stack."""
        return subprocess.run(  # noqa: S603 our own command
            [*INSURE, *arguments], env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    @contextmanager
    def second_beat(self) -> Iterator[None]:
        """One more scheduler for the time of a block."""
        command = [sys.executable, "-m", "celery", "--app", "deploy_project.celery", "beat", "--pidfile="]
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "deploy_project.settings"}
        with (self._home / "logs" / "second_beat.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 our own command
                [*command, "--schedule", str(self._home / "second_beat.db")], env=environment, stdout=log, stderr=log
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT)


@contextmanager
def running_stack(*, logs: Path, environment: Mapping[str, str]) -> Iterator[Stack]:
    """A stack of our own for the time of a block; its logs are left in the folder `logs`."""
    with tempfile.TemporaryDirectory(prefix="insure-faults-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        given = {name: value for name, value in os.environ.items() if name not in GIVES_WAY}
        own = {"INSURE_HOME": folder, "SYNC_INTERVAL_SECONDS": "10", "PYTHONUNBUFFERED": "1"}
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        with (logs / "up.log").open("wb") as output:
            # In the foreground it ends with us, however we end.
            process = subprocess.Popen(  # noqa: S603 our own command
                [*INSURE, "up", "--port", str(_free_port())],
                env={**given, **own, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_for(home / "stack.json", process, logs / "up.log")
            yield Stack(home, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT)
            finally:
                process.kill()
                shutil.copytree(home / "logs", logs, dirs_exist_ok=True)


def _free_port() -> int:
    """The usual port might be another stack's a moment later."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(file: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"The stack did not start:\n{log.read_text()}")
        time.sleep(0.2)
