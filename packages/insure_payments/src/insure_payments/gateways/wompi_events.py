"""Events of Wompi: which are authentic.

Source: docs.wompi.co, "eventos". The checksum is the SHA-256 of the values that the event itself lists, in its order,
then `timestamp`, then the events secret, glued together without separators; nothing else is covered. So digits could
move between neighbours, the list could be swapped for one that finds the same text elsewhere, and every other field is
open to whoever holds one genuine event. Hence the guards below, and hence an event is only ever a hint.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from insure_common import clock
from insure_common.api.parsers import parse_object
from insure_common.exceptions import ParseError
from insure_payments.gateways.base import InvalidSignature, MalformedNotification, Notification

TRANSACTION = "transaction"
"""The subject of the events that we act on; others, of tokens for example, are authentic too, and only stored."""
CANONICAL = {"transaction.id", "transaction.status", "transaction.amount_in_cents"}
ENVIRONMENTS = ("test", "prod")
CLOCK_SKEW = timedelta(minutes=5)
"""An event from further in the future is refused. Age alone refuses none: Wompi retries after 24 hours, and does not
say whether it stamps anew."""

_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{0,63}[0-9]")
_STATUS = re.compile(r"[A-Z_]{1,32}")
_EVENT_NAME = re.compile(r"[a-z0-9_.]{1,64}")


def parse_event(headers: Mapping[str, str], body: bytes, *, events_secret: str) -> Notification:
    """The authentic event in `body`. Raises InvalidSignature or MalformedNotification."""
    try:
        event = parse_object(body)
        name, environment, data = event["event"], event["environment"], event["data"]
        # The name is not signed: whatever tells of a transaction is about it.
        subject = TRANSACTION if TRANSACTION in data else name.partition(".")[0]
        told, timestamp = data[subject], event["timestamp"]
        properties, checksum = event["signature"]["properties"], event["signature"]["checksum"].lower()
        is_readable = (
            environment in ENVIRONMENTS
            and _EVENT_NAME.fullmatch(name)
            and isinstance(told, dict)
            and isinstance(properties, list)
            and all(isinstance(path, str) for path in properties)
        )
    except (ParseError, KeyError, TypeError, AttributeError) as error:
        raise MalformedNotification from error
    if not is_readable:
        raise MalformedNotification
    _check_what_is_signed(subject, told, properties, timestamp)
    text = "".join(_signed_text(data, path) for path in properties)
    expected = event_checksum(text, timestamp=timestamp, events_secret=events_secret)
    header = {key.lower(): value for key, value in headers.items()}.get("x-event-checksum", checksum).lower()
    if not (_CHECKSUM.fullmatch(checksum) and hmac.compare_digest(checksum, expected) and header == checksum):
        raise InvalidSignature
    return Notification(
        # With a key of its own an event of something else never stands in the way of one about a transaction.
        event_key=checksum if subject == TRANSACTION else f"other:{checksum}",
        event_name=name,
        provider_id=told["id"] if subject == TRANSACTION else "",
        environment=environment,
        payload=event,
    )


def event_checksum(signed_text: str, *, timestamp: int, events_secret: str) -> str:
    """Lower-case SHA-256 over the glued values, the time in Unix seconds and the secret."""
    return sha256(f"{signed_text}{timestamp}{events_secret}".encode()).hexdigest()


def _check_what_is_signed(subject: str, told: dict[str, Any], properties: list[str], timestamp: Any) -> None:
    """Refuse what a genuine event never is, before any hash is computed over it."""
    latest = (clock.now() + CLOCK_SKEW).timestamp()
    is_plausible = (
        0 < len(set(properties)) == len(properties)
        and all(path.startswith(f"{subject}.") for path in properties)
        and type(timestamp) is int
        and 10**9 <= timestamp <= latest
        and (subject != TRANSACTION or _is_plausible_transaction(told, properties))
    )
    if not is_plausible:
        raise InvalidSignature


def _is_plausible_transaction(told: dict[str, Any], properties: list[str]) -> bool:
    return (
        set(properties) >= CANONICAL
        and _matches(_IDENTIFIER, told.get("id"))
        and _matches(_STATUS, told.get("status"))
        and type(told.get("amount_in_cents")) is int
        and told["amount_in_cents"] > 0
    )


def _signed_text(data: dict[str, Any], path: str) -> str:
    """The value at a dotted path as it enters the checksum. Wompi does not say how others than texts
    and integers would, so they are refused."""
    value: Any = data
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if type(value) not in (str, int):
        raise InvalidSignature
    return str(value)


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
