"""Signs of life: who holds something for a while shows every few seconds that it is still there."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Self

from django.db import Error as DatabaseError
from django.db import connection

logger = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """Calls `beat` every so often for the time of a block, from a thread with a database connection of its own.

    A block that is shorter than one interval costs no connection. A beat that fails is followed by the next one.
    """

    def __init__(self, beat: Callable[[], None], *, every: timedelta) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._beat, self._interval = beat, every.total_seconds()
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(self._interval):
            try:
                self._beat()
            except DatabaseError:
                logger.warning("heartbeat failed", exc_info=True)
                connection.close()
        connection.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
