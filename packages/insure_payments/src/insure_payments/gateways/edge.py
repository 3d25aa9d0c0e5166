"""What adapters have in common at their edge, where the texts of a provider become values of ours and back."""

import re
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from insure_integrations.public import Response
from insure_payments.gateways.base import GatewayUnavailable

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Answer(BaseModel):
    """Unknown fields are ignored, a wrong type is an unreadable answer."""

    model_config = ConfigDict(strict=True)


A = TypeVar("A", bound=Answer)


def parsed(form: type[A], answer: Response, *, sent: bool) -> A:
    """The body of a success. Raises GatewayUnavailable if it is not of this form."""
    try:
        return form.model_validate_json(answer.body)
    except ValidationError as error:
        raise GatewayUnavailable(f"unreadable answer: {error.error_count()} problems", sent=sent) from None


def options_problems(form: type[BaseModel], options: dict[str, Any]) -> list[str]:
    """What is wrong with constructor options, one line each. Values are never repeated: most of them are secret."""
    try:
        form.model_validate(options)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        return [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in found]
    return []


def is_secure_url(url: str) -> bool:
    """Whether calls to this address are encrypted or stay on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def text_or_nothing(value: Any) -> str:
    return value if isinstance(value, str) else ""


def web_address_or_nothing(value: Any) -> str:
    """A payer is sent there: nothing but a web address will do."""
    try:
        is_web = urlsplit(text_or_nothing(value)).scheme in ("http", "https")
    except ValueError:
        return ""
    return text_or_nothing(value) if is_web else ""


def moment_or_nothing(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text_or_nothing(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def international_phone(phone: str) -> str:
    """Digits with the country code; ten digits are Colombian: `310 765 4321` is `573107654321`."""
    digits = re.sub(r"[^0-9]", "", phone)
    return f"57{digits}" if len(digits) == 10 else digits
