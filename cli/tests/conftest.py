import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

INSURE = [sys.executable, "-m", "insure_cli"]
GIVES_WAY = (
    "DATABASE_URL",
    "DATABASE_MIGRATION_URL",
    "REDIS_URL",
    "CACHE_URL",
    "WOMPI_BASE_URL",
    "PSE_BASE_URL",
    "CASSE_BASE_URL",
)
START_SECONDS = 120


class Stack:
    """`insure` in a folder of its own, with an environment that names no servers unless told."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / ".insure"
        self.log = folder / "up.log"
        self.environment = {name: value for name, value in os.environ.items() if name not in GIVES_WAY}
        self.environment["INSURE_HOME"] = str(self.home)

    def insure(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment | more
        return subprocess.run([*INSURE, *arguments], env=environment, capture_output=True, text=True, timeout=240)

    @property
    def state(self) -> dict[str, Any]:
        return json.loads((self.home / "stack.json").read_text())

    @contextmanager
    def up(self, *arguments: str, command: tuple[str, ...] = (), **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """`insure up`, ready, until the end of the block at the latest. `command` is the parent it gets."""
        with self.log.open("wb") as output:
            process = subprocess.Popen(
                [*command, *INSURE, "up", *arguments], env=self.environment | more, stdout=output, stderr=output
            )
        try:
            self.wait_until(lambda: (self.home / "stack.json").exists() or process.poll() is not None)
            assert process.poll() is None, self.log.read_text()
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def processes(self) -> set[int]:
        """Every process of this stack, however it is related to us."""
        mark = f"INSURE_HOME={self.home}\0".encode()
        return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if mark in _environment_of(entry)}

    def wait_until(self, condition: Any, *, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def assert_nothing_is_left(self) -> None:
        self.wait_until(lambda: not self.processes(), seconds=20)
        assert not (self.home / "stack.json").exists() or self.insure("status").returncode == 3


def _environment_of(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def idle(tmp_path: Path) -> Stack:
    """A folder in which nothing runs."""
    return Stack(tmp_path)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all tests that leave it running."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    with stack.up():
        yield stack
