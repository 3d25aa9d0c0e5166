"""What may stand in a document: plain, bounded, escaped text; amounts in figures and in Spanish words."""

import re
import unicodedata
from datetime import datetime
from xml.sax.saxutils import escape

from num2words import num2words

from insure_common import clock

LONGEST_TEXT = 160


def plain(text: object, limit: int = LONGEST_TEXT) -> str:
    """Text for a ReportLab Paragraph: no markup, no control or direction marks, only what the fonts can draw."""
    composed = unicodedata.normalize("NFC", str(text)[: 4 * limit])
    visible = "".join(character for character in composed if unicodedata.category(character)[0] != "C")
    drawable = visible.encode("cp1252", "replace").decode("cp1252")
    return escape(drawable if len(drawable) <= limit else f"{drawable[: limit - 1]}…")


def amount_in_words(amount_in_cents: int) -> str:
    """Colombian form: `un millón doscientos mil pesos m/cte`, `veintiún mil pesos con 50/100 m/cte`."""
    pesos, cents = divmod(amount_in_cents, 100)
    words = num2words(pesos, lang="es")
    # "uno" loses its ending before a masculine noun, also before "mil" and "millones"; num2words leaves it.
    words = re.sub(r"veintiuno(?= mil| millones|$)", "veintiún", words)
    words = re.sub(r"\buno(?= mil| millones|$)", "un", words)
    unit = "peso" if pesos == 1 else "pesos"
    link = "de " if re.search(r"mill(ón|ones)$", words) else ""
    fraction = f" con {cents:02}/100" if cents else ""
    return f"{words} {link}{unit}{fraction} m/cte"


def local_time(moment: datetime) -> str:
    """Day, month, year and time in Bogota: `25/11/2026 10:32`."""
    return f"{moment.astimezone(clock.BOGOTA):%d/%m/%Y %H:%M}"
