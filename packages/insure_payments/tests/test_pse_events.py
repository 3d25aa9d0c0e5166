"""Which notifications of PlaceToPay are authentic."""

import json
from datetime import timedelta
from hashlib import sha1, sha256
from typing import Any

import pytest

from insure_common import clock as the_clock
from insure_payments.gateways.base import InvalidSignature, MalformedNotification, Notification
from insure_payments.gateways.pse import PseGateway

SECRET = "024h1IlD"
GENUINE = {
    "status": {
        "status": "APPROVED",
        "reason": "00",
        "message": "Se ha aprobado su pago",
        "date": "2016-10-10T16:39:57-05:00",
    },
    "requestId": 83,
    "reference": "TEST_20161010_213937",
    "signature": "8fb4beea130ab3e75a1de956bd0213892e0f6839",
}


def parse(event: Any) -> Notification:
    gateway = PseGateway(environment="test", base_url="http://127.0.0.1:1", login="login", secret_key=SECRET)
    return gateway.parse_notification({}, event if isinstance(event, bytes) else json.dumps(event).encode())


def signed(*, digest: Any = sha1, prefix: str = "", secret: str = SECRET, **changes: Any) -> dict[str, Any]:
    """A notification with `changes` (of its status, or request_id), signed over what it says."""
    status = {**GENUINE["status"], **{name: value for name, value in changes.items() if name != "request_id"}}
    request_id = changes.get("request_id", 83)
    text = f"{request_id}{status['status']}{status['date']}{secret}"
    return {
        **GENUINE,
        "status": status,
        "requestId": request_id,
        "signature": prefix + digest(text.encode()).hexdigest(),
    }


def test_the_first_documented_notification_is_authentic():
    notification = parse(GENUINE)
    assert notification.provider_id == "83"
    assert notification.event_key == "83:APPROVED:2016-10-10T16:39:57-05:00"
    assert (notification.environment, notification.event_name) == ("test", "session")
    assert notification.payload == GENUINE


def test_the_second_documented_notification_is_authentic():
    event = {
        "status": {"status": "REJECTED", "reason": "?C", "message": "", "date": "2016-10-12T01:44:37-05:00"},
        "requestId": 126,
        "reference": "100000071",
        "signature": "554fa6c36bd5d1376b192b8bc3a1e3dd9a01e448",
    }
    assert parse(event).event_key == "126:REJECTED:2016-10-12T01:44:37-05:00"


@pytest.mark.parametrize(
    "event",
    [
        signed(digest=sha256, prefix="sha256:"),
        signed(request_id="83"),
        {**GENUINE, "signature": GENUINE["signature"].upper()},
        {**GENUINE, "recurring": {"tries": 1}},
        {**GENUINE, "status": {**GENUINE["status"], "message": ""}},
    ],
)
def test_genuine_notifications_pass_and_share_their_key(event):
    assert parse(event).event_key == parse(GENUINE).event_key


@pytest.mark.parametrize(
    "event",
    [
        signed(secret="somebody-else"),
        signed(digest=sha256, prefix="sha256:", secret="somebody-else"),
        signed(digest=sha256),
        signed(prefix="sha256:"),
        signed(prefix="sha1:"),
        {**GENUINE, "requestId": 84},
        {**GENUINE, "status": {**GENUINE["status"], "status": "REJECTED"}},
        {**GENUINE, "status": {**GENUINE["status"], "date": "2016-10-10T16:39:58-05:00"}},
        {**GENUINE, "signature": ""},
        {**GENUINE, "signature": "sha256:"},
        {**GENUINE, "signature": "ñ" * 40},
    ],
)
def test_forged_and_tampered_notifications_are_refused(event):
    with pytest.raises(InvalidSignature):
        parse(event)


@pytest.mark.parametrize(
    "event",
    [
        signed(status="3APPROVED"),
        signed(status="APPROVED2"),
        signed(date="016-10-10T16:39:57-05:00"),
        signed(date="2016-13-10T16:39:57-05:00"),
        signed(date="2016-10-10"),
        signed(date=""),
        signed(request_id=0),
        signed(request_id=-83),
        signed(request_id="83 "),
        signed(request_id="../83"),
        signed(request_id=10**20),
    ],
)
def test_what_a_genuine_notification_never_says_is_refused_though_it_is_signed(event):
    with pytest.raises(InvalidSignature):
        parse(event)


def test_digits_cannot_change_places_under_one_signature():
    """`8` + `3APPROVED` hashes like `83` + `APPROVED`."""
    moved = {**GENUINE, "requestId": 8, "status": {**GENUINE["status"], "status": "3APPROVED"}}
    with pytest.raises(InvalidSignature):
        parse(moved)


def test_a_notification_from_the_future_is_refused_and_a_day_old_one_is_not():
    def at(moment):
        return signed(date=moment.astimezone(the_clock.BOGOTA).isoformat(timespec="seconds"))

    parse(at(the_clock.now() + timedelta(minutes=4)))
    parse(at(the_clock.now() - timedelta(days=2)))
    with pytest.raises(InvalidSignature):
        parse(at(the_clock.now() + timedelta(minutes=6)))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"requestId": 83, "requestId": 84}'])
def test_what_is_no_json_object_is_malformed(body):
    with pytest.raises(MalformedNotification):
        parse(body)


@pytest.mark.parametrize("name", ["status", "requestId", "signature"])
def test_a_missing_field_is_malformed(name):
    with pytest.raises(MalformedNotification):
        parse({key: value for key, value in GENUINE.items() if key != name})


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "APPROVED"},
        {"status": {"status": 1, "date": "2016-10-10T16:39:57-05:00"}},
        {"status": {"status": "APPROVED"}},
        {"requestId": 83.0},
        {"requestId": True},
        {"requestId": None},
        {"requestId": [83]},
        {"signature": None},
        {"signature": {"sha1": ""}},
    ],
)
def test_wrong_types_are_malformed(changes):
    with pytest.raises(MalformedNotification):
        parse({**GENUINE, **changes})
