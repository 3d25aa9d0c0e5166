"""File names from outside."""

import unicodedata

LONGEST_NAME = 100
_FORBIDDEN = '/\\:*?"<>|'


def safe_pdf_name(name: str, *, fallback: str) -> str:
    """A name under which a PDF can be offered on any system: one line, no path, no control or direction characters."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(" " if character in _FORBIDDEN else character for character in text if _is_visible(character))
    stem = " ".join(text.split()).strip(". ").removesuffix(".pdf")[:LONGEST_NAME].strip(". ")
    return f"{stem or fallback}.pdf"


def _is_visible(character: str) -> bool:
    return not unicodedata.category(character).startswith("C")
