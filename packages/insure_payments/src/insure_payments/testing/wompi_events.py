"""Events of the Wompi sandbox: genuine ones, faulty ones, and how they travel.

The checksum is computed here and again, independently, in `insure_payments.gateways`: a mistake shared by both sides
would pass every test.
"""

import asyncio
import copy
import json
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any

import httpx

from insure_payments.testing.wompi_controls import EventControls, EventFault

Event = dict[str, Any]

PROPERTIES = ("transaction.id", "transaction.status", "transaction.amount_in_cents")
RETRY_AFTER_SECONDS = (30 * 60, 3 * 3600, 24 * 3600)
HELD_BACK_SECONDS = 1.0


def timestamp_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, as in all of Wompi's answers."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def signed_event(transaction: Mapping[str, Any], *, environment: str, secret: str, at: datetime) -> Event:
    """An event about the present state of `transaction`, with the checksum that `secret` gives it."""
    timestamp = int(at.timestamp())
    signed = "".join(str(transaction[path.removeprefix("transaction.")]) for path in PROPERTIES)
    return {
        "event": "transaction.updated",
        "data": {"transaction": copy.deepcopy(dict(transaction))},
        "sent_at": timestamp_text(at),
        "timestamp": timestamp,
        "signature": {
            "checksum": sha256(f"{signed}{timestamp}{secret}".encode()).hexdigest(),
            "properties": list(PROPERTIES),
        },
        "environment": environment,
    }


def events_with(fault: EventFault, *, past: list[Event], secret: str) -> list[Event]:
    """The events to send for `fault`; `past` holds the genuine ones about one transaction, oldest first.

    Raises ValueError if there is no such fault.
    """
    latest = past[-1]
    transaction, environment = latest["data"]["transaction"], latest["environment"]
    at = datetime.fromtimestamp(latest["timestamp"], UTC)

    def signed(data: Mapping[str, Any], secret: str = secret) -> Event:
        return signed_event(data, environment=environment, secret=secret, at=at)

    def tampered() -> Event:
        event = copy.deepcopy(latest)
        event["data"]["transaction"]["amount_in_cents"] += 100
        return event

    makers: Mapping[EventFault, Callable[[], list[Event]]] = {
        "none": lambda: [latest],
        "duplicate": lambda: [latest, latest],
        "forged": lambda: [signed(transaction, secret=f"{environment}_events_of_somebody_else")],
        "tampered": lambda: [tampered()],
        "unknown_reference": lambda: [signed({**transaction, "id": "10000-1000000000-10000", "reference": "UNKNOWN"})],
        "late": lambda: [past[-2] if len(past) > 1 else latest],
    }
    if fault not in makers:
        raise ValueError(f"fault must be one of {', '.join(makers)}")
    return makers[fault]()


@dataclass(frozen=True)
class Delivery:
    """One POST of one event; `status` is 0 if nobody answered."""

    transaction_id: str
    checksum: str
    status: int


class EventSender:
    """Delivers events from an event loop in a thread of its own, so that any thread may send and nobody waits."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self._turns = count(1)
        self._http = httpx.AsyncClient(timeout=10, trust_env=False, headers={"User-Agent": "Faraday v0.15.4"})
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="wompi-events", daemon=True).start()

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
        checksum = event["signature"]["checksum"]
        if controls.uppercase:
            checksum = checksum.upper()
            event = {**event, "signature": {**event["signature"], "checksum": checksum}}
        headers = {"Content-Type": "application/json", "X-Event-Checksum": checksum}
        try:
            answer = await self._http.post(controls.url, content=json.dumps(event), headers=headers)
            status = answer.status_code
        except httpx.HTTPError:
            status = 0
        self.deliveries.append(Delivery(event["data"]["transaction"]["id"], checksum, status))
        return status
