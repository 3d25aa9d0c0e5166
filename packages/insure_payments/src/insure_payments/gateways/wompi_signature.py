"""Wompi's integrity signature ("widget & checkout web"), of transactions and of the hosted page alike."""

from datetime import UTC, datetime
from hashlib import sha256


def integrity_signature(
    *, reference: str, amount_in_cents: int, currency: str, integrity_secret: str, expiration_time: str = ""
) -> str:
    """Lower-case SHA-256 of the parts, glued together. Wompi refuses upper case here.

    `expiration_time` is part of it only where it is sent, in the very characters that are sent. There are no
    separators, so a reference must not end in a digit: it could change places with the amount's.
    """
    return sha256(f"{reference}{amount_in_cents}{currency}{expiration_time}{integrity_secret}".encode()).hexdigest()


def expiration_text(moment: datetime) -> str:
    """`2023-06-09T20:28:50.000Z`: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
