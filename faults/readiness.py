"""Whether /readyz says what is so: our own look at the database before and after each answer."""

import threading
import time
from contextlib import suppress

import httpx
import psycopg

from faults.auditor import Auditor
from faults.stack import Stack

INTERVAL = 1.0
CERTAIN_FOR = 1.5
"""Seconds; what is seen before and after an answer that took longer proves nothing about the time between."""


class ReadinessProbe(threading.Thread):
    """Asks for the time of a block, and complains of each answer that contradicts both looks around it."""

    def __init__(self, stack: Stack, auditor: Auditor) -> None:
        super().__init__(name="readiness")
        self._url, self._database_url = f"{stack.state['web']}/readyz", stack.state["env"]["DATABASE_URL"]
        self._auditor, self._is_over = auditor, threading.Event()
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def run(self) -> None:
        while not self._is_over.wait(INTERVAL):
            started, before = time.monotonic(), self._see_database()
            answer = self._ask()
            # One connection outlives no crash: if it answers twice, the database was there all the time.
            after = self._connection is not None and self._is_alive() if before else self._see_database()
            is_certain = before == after and time.monotonic() - started < CERTAIN_FOR
            self._auditor.readiness[answer if is_certain else "uncertain"] += 1
            if is_certain and answer != "lost" and (answer == "200") != before:
                self._auditor.complaints.append(f"V6 /readyz answered {answer}, the database being there: {before}")

    def _ask(self) -> str:
        try:
            return str(httpx.get(self._url, timeout=20, trust_env=False).status_code)
        except httpx.TransportError:
            return "lost"

    def _see_database(self) -> bool:
        if self._connection is not None and self._is_alive():
            return True
        self._connection = None
        with suppress(psycopg.OperationalError):
            self._connection = psycopg.connect(self._database_url, autocommit=True, connect_timeout=2)
        return self._connection is not None

    def _is_alive(self) -> bool:
        assert self._connection is not None
        try:
            self._connection.execute("SELECT 1")
        except psycopg.OperationalError:
            self._connection.close()
            return False
        return True

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()
        if self._connection is not None:
            self._connection.close()
