"""Which events of Wompi are believed to be authentic, and what can be forged from one that is."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from insure_common import clock as the_clock
from insure_payments.gateways.base import InvalidSignature, MalformedNotification, Notification
from insure_payments.gateways.wompi import WompiGateway
from insure_payments.gateways.wompi_events import event_checksum
from insure_payments.testing.wompi_events import signed_event

SECRET = "prod_events_OcHnIzeBl5socpwByQ4hA52Em3USQ93Z"
TRANSACTION = {
    "id": "1234-1610641025-49201",
    "status": "APPROVED",
    "amount_in_cents": 4_490_000,
    "reference": "PAY-1-X",
    "currency": "COP",
    "customer_email": "ana@example.com",
    "payment_method": {"type": "PSE", "extra": {"ticket": 7}},
}
SIGNED_AT = datetime.fromtimestamp(1_530_291_411, UTC)
ID, STATUS, AMOUNT = "transaction.id", "transaction.status", "transaction.amount_in_cents"

WOMPI = WompiGateway(
    environment="prod",
    base_url="https://production.wompi.co/v1",
    public_key="pub_prod_a",
    private_key="prv_prod_b",
    events_secret=SECRET,
    integrity_secret="prod_integrity_d",
)


def genuine() -> dict[str, Any]:
    return signed_event(TRANSACTION, environment="prod", secret=SECRET, at=SIGNED_AT)


def parse(event: Any, headers: dict[str, str] | None = None) -> Notification:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return WOMPI.parse_notification(headers or {}, body)


def resigned(event: dict[str, Any], *, properties: list[str]) -> dict[str, Any]:
    """`event` with another list, signed by Wompi itself."""
    values = []
    for path in properties:
        value: Any = event["data"]
        for name in path.split("."):
            value = value[name]
        values.append(str(value))
    text = "".join(values) + str(event["timestamp"]) + SECRET
    event["signature"] = {"properties": properties, "checksum": sha256(text.encode()).hexdigest()}
    return event


# Authentic


def test_the_documented_event_has_the_recomputed_checksum_and_not_the_printed_one():
    expected = "5a18ec5e8fdb7df463e9f94774cba8f583ba21bd04a09ceff2ea68a4bc0aefbe"
    notification = parse(genuine())
    assert notification.event_key == expected
    assert (notification.event_name, notification.environment) == ("transaction.updated", "prod")
    assert notification.provider_id == "1234-1610641025-49201"
    assert notification.payload["data"]["transaction"]["reference"] == "PAY-1-X"


def test_the_checksum_is_accepted_in_either_case_and_has_one_key():
    event = genuine()
    lower = event["signature"]["checksum"]
    event["signature"]["checksum"] = lower.upper()
    for header in (lower, lower.upper()):
        assert parse(event, {"x-event-checksum": header}).event_key == lower


@pytest.mark.parametrize(
    "properties",
    [
        [AMOUNT, STATUS, ID],
        [ID, STATUS, AMOUNT, "transaction.currency", "transaction.payment_method.extra.ticket"],
    ],
)
def test_wompi_may_change_order_and_length_of_the_list(properties):
    assert parse(resigned(genuine(), properties=properties)).provider_id == TRANSACTION["id"]


def test_an_unknown_event_name_is_authentic():
    assert parse({**genuine(), "event": "transaction.reviewed"}).event_name == "transaction.reviewed"


def test_a_retry_after_a_day_is_authentic():
    at = the_clock.now() - timedelta(hours=28)
    assert parse(signed_event(TRANSACTION, environment="prod", secret=SECRET, at=at))


def test_each_delivery_of_one_event_has_the_same_key(clock):
    event = genuine()
    first = parse(event)
    clock.travel(timedelta(hours=24))
    assert parse({**event, "sent_at": "2026-01-01T00:00:00.000Z"}).event_key == first.event_key


# Forged from one genuine event. Each change keeps the genuine checksum, which still matches the glued text.


def edit(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    event = copy.deepcopy(genuine())
    change(event)
    return event


def move_digit_to_amount(event: dict[str, Any]) -> None:
    event["data"]["transaction"]["amount_in_cents"] = 44_900_001
    event["timestamp"] = 530_291_411


def move_letters_to_id(event: dict[str, Any]) -> None:
    event["data"]["transaction"] |= {"id": "1234-1610641025-49201APPR", "status": "OVED"}


def swap_list_for_junk(event: dict[str, Any]) -> None:
    """The genuine text under other names, so that the canonical fields are free."""
    event["data"]["transaction"] |= {"a": TRANSACTION["id"], "b": "APPROVED", "c": 4_490_000, "amount_in_cents": 1}
    event["signature"]["properties"] = ["transaction.a", "transaction.b", "transaction.c"]


def swap_list_for_one_outside(event: dict[str, Any]) -> None:
    event["data"]["junk"] = ""
    event["signature"]["properties"] = [ID, STATUS, AMOUNT, "junk"]


def repeat_a_path(event: dict[str, Any]) -> None:
    event["data"]["transaction"]["amount_in_cents"] = 4
    event["signature"]["properties"] = [ID, STATUS, AMOUNT, AMOUNT]


def drop_amount_from_list(event: dict[str, Any]) -> None:
    event["data"]["transaction"] |= {"status": "APPROVED4490000", "amount_in_cents": 1}
    event["signature"]["properties"] = [ID, STATUS]


def list_what_is_missing(event: dict[str, Any]) -> None:
    event["signature"]["properties"] = [ID, STATUS, AMOUNT, "transaction.nothing"]


def list_a_null(event: dict[str, Any]) -> None:
    event["data"]["transaction"]["nothing"] = None
    event["signature"]["properties"] = [ID, STATUS, AMOUNT, "transaction.nothing"]


def set_amount(value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda event: event["data"]["transaction"].update(amount_in_cents=value)


def set_timestamp(value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda event: event.update(timestamp=value)


def set_checksum(value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda event: event["signature"].update(checksum=value)


FORGERIES = {
    "a digit moved from the timestamp to the amount": move_digit_to_amount,
    "letters moved from the status to the id": move_letters_to_id,
    "a list of junk": swap_list_for_junk,
    "a list that leaves the transaction": swap_list_for_one_outside,
    "a path twice": repeat_a_path,
    "a list without the amount": drop_amount_from_list,
    "a listed property that is missing": list_what_is_missing,
    "a listed property that is null": list_a_null,
    "another amount": set_amount(1),
    "the amount as text": set_amount("4490000"),
    "the amount as a fraction": set_amount(4490000.0),
    "the amount as a boolean": set_amount(True),
    "a negative amount": set_amount(-4_490_000),
    "the time as text": set_timestamp("1530291411"),
    "the time as a fraction": set_timestamp(1530291411.0),
    "the time as a boolean": set_timestamp(True),
    "the time in milliseconds": set_timestamp(1_530_291_411_000),
    "no time": set_timestamp(None),
    "another id": lambda event: event["data"]["transaction"].update(id="1234-1610641025-49202"),
    "another status": lambda event: event["data"]["transaction"].update(status="DECLINED"),
    "the id as a number": lambda event: event["data"]["transaction"].update(id=1234),
    "another checksum": set_checksum("0" * 64),
    "a short checksum": set_checksum("5a18"),
    "an empty checksum": set_checksum(""),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_from_one_genuine_event_is_refused(forge):
    with pytest.raises(InvalidSignature):
        parse(edit(forge))


def test_an_event_from_the_future_is_refused_even_if_it_is_signed():
    within = the_clock.now() + timedelta(minutes=4)
    assert parse(signed_event(TRANSACTION, environment="prod", secret=SECRET, at=within))
    beyond = the_clock.now() + timedelta(minutes=6)
    with pytest.raises(InvalidSignature):
        parse(signed_event(TRANSACTION, environment="prod", secret=SECRET, at=beyond))


def test_an_event_signed_with_another_of_our_secrets_is_refused():
    with pytest.raises(InvalidSignature):
        parse(signed_event(TRANSACTION, environment="prod", secret="prod_integrity_d", at=SIGNED_AT))


def test_header_and_body_must_agree():
    for header in ("0" * 64, "", "é"):
        with pytest.raises(InvalidSignature):
            parse(genuine(), {"X-Event-Checksum": header})


@pytest.mark.parametrize(
    ("field", "value"), [("event", "nequi_token.updated"), ("environment", "test"), ("sent_at", "yesterday")]
)
def test_unsigned_fields_can_be_changed_but_not_what_the_provider_is_asked_about(field, value):
    """They pass, as nothing protects them: an event is only a hint, and its environment is checked by the receiver."""
    notification = parse({**genuine(), field: value})
    assert notification.provider_id == TRANSACTION["id"]
    assert notification.event_key == genuine()["signature"]["checksum"]


def test_a_digit_moved_to_an_extra_property_cannot_be_seen_and_changes_nothing_that_counts():
    event = genuine()
    event["data"]["transaction"] |= {"amount_in_cents": 449_000, "extra": 0}
    event["signature"]["properties"] = [ID, STATUS, AMOUNT, "transaction.extra"]
    assert parse(event).provider_id == TRANSACTION["id"]


def test_event_about_something_else_is_authentic_too_and_of_no_transaction():
    event = genuine()
    event |= {"event": "nequi_token.updated", "data": {"nequi_token": {"id": "nequi_test_1", "status": "APPROVED"}}}
    event["signature"]["properties"] = ["nequi_token.id", "nequi_token.status"]
    event["signature"]["checksum"] = event_checksum(
        "nequi_test_1APPROVED", timestamp=event["timestamp"], events_secret=SECRET
    )
    notification = parse(event)
    assert (notification.event_name, notification.provider_id) == ("nequi_token.updated", "")
    event["signature"]["properties"] = ["nequi_token.id", "transaction.status"]
    with pytest.raises(InvalidSignature):
        parse(event)


# Unreadable

TEXT = json.dumps(genuine())
UNREADABLE = {
    "nothing": b"",
    "no JSON": b"event=transaction.updated",
    "not UTF-8": TEXT.replace("PAY-1-X", "\xe9").encode("latin-1"),
    "no object": b"[]",
    "a key twice": TEXT.replace('"status": "APPROVED"', '"status": "APPROVED", "status": "APPROVED"').encode(),
    "a checksum twice": TEXT.replace('"checksum":', '"checksum": "0", "checksum":').encode(),
    "an endless number": TEXT.replace("1530291411", "9" * 5000).encode(),
    "NaN": TEXT.replace("1530291411", "NaN").encode(),
    "a NUL character": TEXT.replace("PAY-1-X", r"\u0000").encode(),
    "half a character": TEXT.replace("PAY-1-X", r"\ud800").encode(),
    "a bottomless structure": TEXT.replace('"PAY-1-X"', "[" * 5000 + "]" * 5000).encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_malformed(body):
    with pytest.raises(MalformedNotification):
        parse(body)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event", 1),
        ("event", "x" * 65),
        ("environment", "staging"),
        ("environment", {}),
        ("data", []),
        ("data", {"transaction": "1234"}),
        ("signature", None),
        ("signature", {"checksum": 1, "properties": []}),
        ("signature", {"checksum": "0" * 64, "properties": ID}),
        ("signature", {"checksum": "0" * 64, "properties": [1]}),
    ],
)
def test_an_event_of_another_shape_is_malformed(path, value):
    with pytest.raises(MalformedNotification):
        parse({**genuine(), path: value})


@pytest.mark.parametrize("name", ["event", "environment", "data", "timestamp", "signature"])
def test_an_event_without_one_of_its_parts_is_malformed(name):
    event = genuine()
    del event[name]
    with pytest.raises(MalformedNotification):
        parse(event)
