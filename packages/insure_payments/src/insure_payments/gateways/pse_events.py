"""Notifications of PlaceToPay: which are authentic.

Source: docs.placetopay.dev, "checkout", "notification". The signature is the SHA-1 of requestId, status and date of the
status, then the secret key, glued together without separators; newer ones are SHA-256 and say so in front. Reference,
reason and message are open to whoever holds one genuine notification: it is only ever a hint to read the session.
"""

import hmac
import re
from datetime import datetime, timedelta
from hashlib import sha1, sha256
from typing import Any

from insure_common import clock
from insure_common.api.parsers import parse_object
from insure_common.exceptions import ParseError
from insure_payments.gateways.base import InvalidSignature, MalformedNotification, Notification

EVENT_NAME = "session"
"""PlaceToPay gives its notifications no name."""
SHA256_PREFIX = "sha256:"
CLOCK_SKEW = timedelta(minutes=5)
"""A notification from further in the future is refused. Age alone refuses none: the last try may be a day late."""

# No digit may change places with its neighbour: a status has none, and a date has always as many.
_STATUS = re.compile(r"[A-Z_]{1,32}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
_REQUEST_ID = re.compile(r"[1-9][0-9]{0,18}")


def parse_event(body: bytes, *, secret_key: str, environment: str) -> Notification:
    """The authentic notification in `body`. Raises InvalidSignature or MalformedNotification.

    It names no environment: the key that signed it is the one of `environment`.
    """
    try:
        event = parse_object(body)
        status, date = event["status"]["status"], event["status"]["date"]
        request_id, signature = event["requestId"], event["signature"]
        is_readable = all(isinstance(text, str) for text in (status, date, signature))
    except (ParseError, KeyError, TypeError) as error:
        raise MalformedNotification from error
    if not is_readable or type(request_id) not in (int, str):
        raise MalformedNotification
    request_id = str(request_id)
    if not _is_plausible(request_id, status, date):
        raise InvalidSignature
    signature = signature.lower()
    prefix = SHA256_PREFIX if signature.startswith(SHA256_PREFIX) else ""
    expected = signature_of(request_id + status + date, secret_key=secret_key, prefix=prefix)
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        raise InvalidSignature
    return Notification(
        event_key=f"{request_id}:{status}:{date}",
        event_name=EVENT_NAME,
        provider_id=request_id,
        environment=environment,
        payload=event,
    )


def signature_of(signed_text: str, *, secret_key: str, prefix: str = "") -> str:
    """Lower-case hexadecimal digest over the glued values and the secret key, with the name of its kind in front."""
    digest = sha256 if prefix == SHA256_PREFIX else sha1
    return prefix + digest((signed_text + secret_key).encode()).hexdigest()


def _is_plausible(request_id: str, status: str, date: Any) -> bool:
    """Refuse what a genuine notification never is, before any hash is computed over it."""
    if not (_REQUEST_ID.fullmatch(request_id) and _STATUS.fullmatch(status) and _DATE.fullmatch(date)):
        return False
    try:
        return datetime.fromisoformat(date) <= clock.now() + CLOCK_SKEW
    except ValueError:
        return False
