"""How the events of any provider's sandbox travel, and which of them to send for a fault."""

import asyncio
import json
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from insure_payments.testing.controls import EventControls, EventFault

Event = dict[str, Any]

RETRY_AFTER_SECONDS = (30 * 60, 3 * 3600, 24 * 3600)
HELD_BACK_SECONDS = 1.0


@dataclass(frozen=True)
class Parcel:
    """An event as it is POSTed."""

    transaction_id: str
    checksum: str
    body: Event
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """One POST of one event; `status` is 0 if nobody answered."""

    transaction_id: str
    checksum: str
    status: int


def events_with(
    fault: EventFault,
    *,
    past: list[Event],
    forged: Callable[[], Event],
    tampered: Callable[[], Event],
    unknown_reference: Callable[[], Event],
) -> list[Event]:
    """The events to send for `fault`; `past` holds the genuine ones about one transaction, oldest first.

    Raises ValueError if there is no such fault.
    """
    latest = past[-1]
    makers: Mapping[EventFault, Callable[[], list[Event]]] = {
        "none": lambda: [latest],
        "duplicate": lambda: [latest, latest],
        "forged": lambda: [forged()],
        "tampered": lambda: [tampered()],
        "unknown_reference": lambda: [unknown_reference()],
        "late": lambda: [past[-2] if len(past) > 1 else latest],
    }
    if fault not in makers:
        raise ValueError(f"fault must be one of {', '.join(makers)}")
    return makers[fault]()


class EventSender:
    """Delivers events from an event loop in a thread of its own, so that any thread may send and nobody waits."""

    def __init__(self, pack: Callable[[Event, Any], Parcel], *, user_agent: str) -> None:
        """`pack` makes of an event, and of the controls in force, what is POSTed."""
        self.deliveries: list[Delivery] = []
        self._pack = pack
        self._turns = count(1)
        self._http = httpx.AsyncClient(timeout=10, trust_env=False, headers={"User-Agent": user_agent})
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="sandbox-events", daemon=True).start()

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, action)

    def send(self, event: Event, controls: EventControls) -> None:
        """Deliver `event` as the controls say, until exactly 200 comes back or the last retry failed."""
        if controls.url and random.random() >= controls.drop_rate:
            asyncio.run_coroutine_threadsafe(self._travel(event, controls), self._loop)

    def post(self, event: Event, controls: EventControls) -> "Future[int]":
        """Deliver `event` once, now; the result is the status of the answer."""
        return asyncio.run_coroutine_threadsafe(self._post(event, controls), self._loop)

    async def _travel(self, event: Event, controls: EventControls) -> None:
        held_back = controls.reorder and next(self._turns) % 2 == 1
        await asyncio.sleep(controls.delay_ms / 1000 + (HELD_BACK_SECONDS if held_back else 0))
        await asyncio.gather(*(self._post_until_accepted(event, controls) for _ in range(1 + controls.duplicates)))

    async def _post_until_accepted(self, event: Event, controls: EventControls) -> None:
        for pause in (0, *RETRY_AFTER_SECONDS):
            await asyncio.sleep(pause / controls.clock_rate)
            if await self._post(event, controls) == 200:
                return

    async def _post(self, event: Event, controls: EventControls) -> int:
        parcel = self._pack(event, controls)
        headers = {"Content-Type": "application/json", **parcel.headers}
        try:
            answer = await self._http.post(controls.url, content=json.dumps(parcel.body), headers=headers)
            status = answer.status_code
        except httpx.HTTPError:
            status = 0
        self.deliveries.append(Delivery(parcel.transaction_id, parcel.checksum, status))
        return status
