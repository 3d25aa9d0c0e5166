"""The bytes that are hashed and signed: length-prefixed, so that no two different records share one encoding."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from insure_audit.models import Event, Seal

EVENT_DOMAIN = "insure-audit-event-v1"
SEAL_DOMAIN = "insure-audit-seal-v1"
EVENT_FIELDS = (
    "id",
    "actor",
    "actor_role",
    "action",
    "target_type",
    "target_id",
    "occurred_at",
    "correlation_id",
    "client_address",
    "metadata",
)
SEAL_FIELDS = ("seq", "size", "count", "root", "previous", "created_at", "key_id")

Texts = dict[str, str | None]


def event_texts(event: Event) -> Texts:
    """The fields of a stored event as text, in the order in which they are encoded."""
    values = {
        "id": event.pk,
        "actor": event.actor_id,
        "actor_role": event.actor_role,
        "action": event.action,
        "target_type": event.target_type,
        "target_id": event.target_id,
        "occurred_at": _moment(event.occurred_at),
        "correlation_id": event.correlation_id,
        "client_address": event.client_address,
        "metadata": json.dumps(event.metadata, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
    }
    return {name: None if values[name] is None else str(values[name]) for name in EVENT_FIELDS}


def seal_texts(seal: Seal) -> Texts:
    """The signed fields of a seal as text, in the order in which they are encoded."""
    return {
        name: _moment(seal.created_at) if name == "created_at" else str(getattr(seal, name)) for name in SEAL_FIELDS
    }


def encode_event(texts: Texts) -> bytes:
    return _encode([EVENT_DOMAIN, *(texts[name] for name in EVENT_FIELDS)])


def encode_seal(texts: Texts) -> bytes:
    return _encode([SEAL_DOMAIN, *(texts[name] for name in SEAL_FIELDS)])


def head_digest(seal: Seal) -> str:
    """What the next seal holds as `previous`."""
    return hashlib.sha256(encode_seal(seal_texts(seal))).hexdigest()


def _encode(fields: Iterable[str | None]) -> bytes:
    """Each field: one byte (0 null, 1 text), then for text its length in 8 bytes big-endian and its UTF-8."""
    parts = []
    for field in fields:
        if field is None:
            parts.append(b"\0")
            continue
        text = field.encode()
        parts.append(b"\1" + len(text).to_bytes(8, "big") + text)
    return b"".join(parts)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
