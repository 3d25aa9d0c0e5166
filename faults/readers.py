"""Readers: a steady stream of requests that only look, from a handful of connections."""

import threading
import time

import httpx

from faults.auditor import Auditor
from faults.stack import Stack

CONNECTIONS = 8
PATH = "/api/v1/auth/terms/"


class Readers:
    """Asks so many times a second for the time of a block, and tells the auditor each answer."""

    def __init__(self, stack: Stack, auditor: Auditor, *, per_second: int) -> None:
        self._url, self._auditor = stack.state["web"] + PATH, auditor
        self._interval = CONNECTIONS / per_second if per_second else 0
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._read) for _ in range(CONNECTIONS if per_second else 0)]

    def _read(self) -> None:
        with httpx.Client(timeout=20, trust_env=False) as http:
            due = time.monotonic()
            while not self._is_over.wait(max(0.0, due - time.monotonic())):
                due += self._interval
                self._auditor.calls[self._answer(http)] += 1

    def _answer(self, http: httpx.Client) -> str:
        try:
            return str(http.get(self._url).status_code)
        except httpx.TransportError:
            return "lost"

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
