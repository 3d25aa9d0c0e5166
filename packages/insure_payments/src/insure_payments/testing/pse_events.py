"""Notifications of the PSE sandbox: genuine ones and faulty ones.

The signature is computed here and again, independently, in `insure_payments.gateways`: a mistake shared by both sides
would pass every test.
"""

import hashlib
from typing import Any

from insure_payments.testing.api import Json
from insure_payments.testing.controls import EventFault
from insure_payments.testing.events import Event, Parcel, events_with
from insure_payments.testing.pse_controls import PseEventControls

UNKNOWN_SESSION = 999_999_999


def signed_event(session: Json, *, secret_key: str) -> Event:
    """A notification of the present state of `session`; it carries both signatures until it is packed."""
    return _signed(session["status"], session["requestId"], session["request"]["payment"]["reference"], secret_key)


def faulty_events(fault: EventFault, *, past: list[Event], secret_key: str) -> list[Event]:
    """The notifications to send for `fault`; see `events_with`."""
    latest = past[-1]
    status, request_id, reference = latest["status"], latest["requestId"], latest["reference"]
    return events_with(
        fault,
        past=past,
        forged=lambda: _signed(status, request_id, reference, "the-key-of-somebody-else"),
        tampered=lambda: {**latest, "status": {**status, "status": "APPROVED_PARTIAL"}},
        unknown_reference=lambda: _signed(status, UNKNOWN_SESSION, "UNKNOWN", secret_key),
    )


def packed(event: Event, controls: PseEventControls) -> Parcel:
    signature = event["signature"]["sha256" if controls.sha256 else "sha1"]
    return Parcel(str(event["requestId"]), signature, {**event, "signature": signature})


def _signed(status: Json, request_id: int, reference: str, secret_key: str) -> Event:
    text = f"{request_id}{status['status']}{status['date']}{secret_key}".encode()
    signatures: dict[str, Any] = {
        "sha1": hashlib.sha1(text).hexdigest(),
        "sha256": f"sha256:{hashlib.sha256(text).hexdigest()}",
    }
    return {"status": status, "requestId": request_id, "reference": reference, "signature": signatures}
