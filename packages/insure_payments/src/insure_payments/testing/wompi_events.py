"""Events of the Wompi sandbox: genuine ones and faulty ones.

The checksum is computed here and again, independently, in `insure_payments.gateways`: a mistake shared by both sides
would pass every test.
"""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from insure_payments.testing.controls import EventFault
from insure_payments.testing.events import Event, Parcel, events_with
from insure_payments.testing.wompi_controls import WompiEventControls

PROPERTIES = ("transaction.id", "transaction.status", "transaction.amount_in_cents")


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


def faulty_events(fault: EventFault, *, past: list[Event], secret: str) -> list[Event]:
    """The events to send for `fault`; see `events_with`."""
    latest = past[-1]
    transaction, environment = latest["data"]["transaction"], latest["environment"]
    at = datetime.fromtimestamp(latest["timestamp"], UTC)

    def signed(data: Mapping[str, Any], secret: str = secret) -> Event:
        return signed_event(data, environment=environment, secret=secret, at=at)

    def tampered() -> Event:
        event = copy.deepcopy(latest)
        event["data"]["transaction"]["amount_in_cents"] += 100
        return event

    return events_with(
        fault,
        past=past,
        forged=lambda: signed(transaction, secret=f"{environment}_events_of_somebody_else"),
        tampered=tampered,
        unknown_reference=lambda: signed({**transaction, "id": "10000-1000000000-10000", "reference": "UNKNOWN"}),
    )


def packed(event: Event, controls: WompiEventControls) -> Parcel:
    """The event with its checksum in the case of the controls, and again as a header."""
    checksum = event["signature"]["checksum"]
    if controls.uppercase:
        checksum = checksum.upper()
        event = {**event, "signature": {**event["signature"], "checksum": checksum}}
    return Parcel(event["data"]["transaction"]["id"], checksum, event, {"X-Event-Checksum": checksum})
