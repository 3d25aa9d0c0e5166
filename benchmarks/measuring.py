"""Pace of work, in threads or beside another library, and the statements it runs."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, connections
from django.test.utils import CaptureQueriesContext


def paced(run: Callable[[], None], amount: int) -> float:
    started = time.perf_counter()
    run()
    return amount / (time.perf_counter() - started)


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
