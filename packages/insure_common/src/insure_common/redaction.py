"""Texts for logs and tables: without the values that databases and mail servers put into their messages."""

import re

_DETAIL = re.compile(r"^\s*(?:DETAIL|CONTEXT|QUERY):.*$", re.MULTILINE)
"""PostgreSQL repeats the row there."""
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CARD_NUMBER = re.compile(r"(?<![\w-])(?:\d{13,19}|\d{4}(?:[ -]\d{4}){3})(?![\w-])")
"""Alone or in groups of four; a part of an id is none."""
MASK = "***"


def redacted(text: str) -> str:
    """`text` without e-mail addresses, card numbers and PostgreSQL's details of a refused row."""
    return _CARD_NUMBER.sub(_without_card, _ADDRESS.sub(MASK, _DETAIL.sub("", text))).strip()


def _without_card(match: re.Match[str]) -> str:
    return MASK if passes_luhn(match.group()) else match.group()


def passes_luhn(text: str) -> bool:
    """Whether the digits in `text` pass the check of card numbers."""
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (sum(divmod(digit * 2, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
