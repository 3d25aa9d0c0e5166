"""What the call log may keep: secrets and personal data are masked by the names of their fields."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

MASK = "***"

MASKED_NAMES = (
    "accept_personal",
    "access_key",
    "address",
    "authorization",
    "birth",
    "card",
    "cookie",
    "cvc",
    "email",
    "full_name",
    "holder_name",
    "id_number",
    "identifier",
    "legal_id",
    "password",
    "phone",
    "secret",
    "signature",
    "token",
)
"""Parts of field names; a field whose lower-case name contains one of them is masked, whatever it holds."""

DEEPEST = 40
"""Deeper structures than any system sends are cut, so that masking cannot be made to overflow the stack."""


def masked(value: Any, names: Collection[str], *, depth: int = 0) -> Any:
    """A copy of a JSON value in which every field named like one of `names` (lower case) holds `***`."""
    if depth > DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {
            key: MASK if _is_masked(str(key), names) else masked(item, names, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [masked(item, names, depth=depth + 1) for item in value]
    return value


def loggable(body: bytes, content_type: str, names: Collection[str], *, max_bytes: int) -> Any:
    """The form in which a body enters the call log.

    JSON is kept, masked. Anything that cannot be masked by field names (documents, broken JSON, HTML) is kept as its
    type, size and digest only.
    """
    if not body:
        return None
    if len(body) <= max_bytes:
        try:
            # PostgreSQL's jsonb has no NUL character; NaN and Infinity are no JSON either.
            return masked(json.loads(body.replace(b"\\u0000", b""), parse_constant=str), names)
        except (ValueError, RecursionError):
            pass
    return {"content_type": content_type[:100], "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _is_masked(key: str, names: Collection[str]) -> bool:
    key = key.lower()
    return any(name in key for name in names)
