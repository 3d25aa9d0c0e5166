"""Texts for logs and tables: without the values that databases and mail servers put into their messages."""

import re

from insure_common.cards import MASK, without_card_numbers

_DETAIL = re.compile(r"^\s*(?:DETAIL|CONTEXT|QUERY):.*$", re.MULTILINE)
"""PostgreSQL repeats the row there."""
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def redacted(text: str) -> str:
    """`text` without e-mail addresses, card numbers and PostgreSQL's details of a refused row."""
    return without_card_numbers(_ADDRESS.sub(MASK, _DETAIL.sub("", text))).strip()
