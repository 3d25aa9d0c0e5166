"""The folder in which the local stack lives: `.insure` here, or INSURE_HOME."""

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

FOLDERS = ("logs", "tmp", "media", "audit", "static", "pg", "pg.new", "redis", "demo")
FILES = ("lock", "secrets.json", "stack.json", "beat.db")
LOCK_TRIES = 4


class AlreadyRunning(Exception):
    """Another process holds the lock of this folder."""


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs, self.tmp, self.media, self.audit = (path / name for name in ("logs", "tmp", "media", "audit"))
        self.postgres, self.redis = path / "pg", path / "redis"
        self.secrets, self.state, self._lock = path / "secrets.json", path / "stack.json", path / "lock"

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("INSURE_HOME") or ".insure").absolute())

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one stack. Raises AlreadyRunning; the lock goes with the process, however it ends."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock.touch(mode=0o600)
        with self._lock.open("r+") as lock:
            _take(lock)
            # In one write, so that nobody reads a part of it.
            os.pwrite(lock.fileno(), f"{os.getpid():<10}".encode(), 0)
            self._make_folders()
            try:
                yield
            finally:
                self.state.unlink(missing_ok=True)
                lock.truncate(0)

    def _make_folders(self) -> None:
        # What a killed stack left.
        self.state.unlink(missing_ok=True)
        shutil.rmtree(self.tmp, ignore_errors=True)
        for folder in (self.logs, self.tmp, self.media, self.audit, self.redis):
            folder.mkdir(mode=0o700, exist_ok=True)

    def holder(self) -> int | None:
        """The process id of the stack that runs here, if one does."""
        try:
            with self._lock.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except BlockingIOError:
            return int(self._lock.read_text() or 0) or None
        return None

    def read_state(self) -> dict[str, Any] | None:
        """stack.json of the stack that runs here; None while none is up."""
        if self.holder() is None:
            return None
        try:
            return read_json(self.state)
        except FileNotFoundError:
            return None

    def delete(self) -> None:
        """Delete what a stack made, and the folder unless it holds something else."""
        for name in FOLDERS:
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in FILES:
            (self.path / name).unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()


def _take(lock: TextIO) -> None:
    # Tried more than once: somebody who looks whether a stack runs holds the lock for a moment.
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return
    raise AlreadyRunning


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a file, readable by its owner only, in one step."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
    Path(temporary).replace(path)
