"""What may stand in a document: plain, bounded text."""

import unicodedata
from datetime import datetime

from insure_common import clock

LONGEST_TEXT = 160


def drawable(text: object, limit: int = LONGEST_TEXT) -> str:
    """No control or direction marks, only what the fonts can draw, and not longer than `limit`."""
    composed = unicodedata.normalize("NFC", str(text)[: 4 * limit])
    if not composed.isprintable():
        composed = "".join(character for character in composed if unicodedata.category(character)[0] != "C")
    known = composed.encode("cp1252", "replace").decode("cp1252")
    return known if len(known) <= limit else f"{known[: limit - 1]}…"


def local_time(moment: datetime) -> str:
    """Day, month, year and time in Bogota: `25/11/2026 10:32`."""
    return f"{moment.astimezone(clock.BOGOTA):%d/%m/%Y %H:%M}"
