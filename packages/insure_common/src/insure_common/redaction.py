"""Texts of exceptions for logs and tables: without the values that databases and mail servers put into them."""

import re

_DETAIL = re.compile(r"^\s*(?:DETAIL|CONTEXT|QUERY):.*$", re.MULTILINE)
"""PostgreSQL repeats the row there."""
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
MASK = "***"


def redacted(text: str) -> str:
    """`text` without e-mail addresses and without PostgreSQL's details of a refused row."""
    return _ADDRESS.sub(MASK, _DETAIL.sub("", text)).strip()
