"""A JSON parser that trusts nothing."""

import json
import math
from typing import IO, Any, NoReturn

from django.utils.translation import gettext_lazy as _
from rest_framework.parsers import BaseParser

from insure_common.conf import CommonSettings
from insure_common.exceptions import ParseError, PayloadTooLarge

DEEPEST = 32


class StrictJSONParser(BaseParser):
    """Refuses, always as JSON: bodies over MAX_BODY_BYTES (413), bad UTF-8, duplicate keys, NaN and infinite numbers,
    NUL and lone surrogates in strings, nesting over 32 (400). The top level is an object.
    """

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        limit = CommonSettings.load().MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge
        return parse_object(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse one JSON object under the rules of `StrictJSONParser`. Raises ParseError."""
    try:
        data = json.loads(body.decode(), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ParseError(_("The body is not valid JSON.")) from error
    if not isinstance(data, dict):
        raise ParseError(_("The body must be a JSON object."))
    _check_values(data)
    return data


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_values(data: Any) -> None:
    pending = [(data, 1)]
    while pending:
        value, depth = pending.pop()
        if depth > DEEPEST:
            raise ParseError(_("The body is nested too deeply."))
        if isinstance(value, dict):
            pending += [(key, depth) for key in value] + [(item, depth + 1) for item in value.values()]
        elif isinstance(value, list):
            pending += [(item, depth + 1) for item in value]
        elif isinstance(value, str) and ("\0" in value or not _is_text(value)):
            raise ParseError(_("The body holds characters that are not text."))
        elif isinstance(value, float) and not math.isfinite(value):
            raise ParseError(_("The body holds a number that is too large."))


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
