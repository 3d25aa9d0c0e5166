"""What PlaceToPay refuses: first wrong credentials, with its own codes, then a wrong body, with texts of ours."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import sha1
from typing import Any

from insure_common import clock
from insure_payments.testing.api import Json, Refused

OLDEST_SEED = timedelta(minutes=5)
SHORTEST_SESSION = timedelta(minutes=5)


@dataclass(frozen=True)
class Keys:
    login: str
    secret_key: str

    def check(self, body: Any) -> None:
        """Refuse (401) credentials that are missing, somebody else's, wrong or old."""
        try:
            auth = body["auth"]
            login, key = auth["login"], auth["tranKey"]
            nonce, seed = base64.b64decode(auth["nonce"], validate=True), auth["seed"]
            sown_at = datetime.fromisoformat(seed)
        except (KeyError, TypeError, ValueError):
            raise _unauthorized(100) from None
        if login != self.login:
            raise _unauthorized(101)
        if key != base64.b64encode(sha1(nonce + f"{seed}{self.secret_key}".encode()).digest()).decode():
            raise _unauthorized(102)
        if abs(clock.now() - sown_at) > OLDEST_SEED:
            raise _unauthorized(103)


def status_of(status: str, reason: str, message: str) -> Json:
    """The `status` of an answer, as of now."""
    date = clock.now().astimezone(clock.BOGOTA).isoformat(timespec="seconds")
    return {"status": status, "reason": reason, "message": message, "date": date}


def failed(http_status: int, message: str, reason: str = "XX") -> Refused:
    return Refused(http_status, {"status": status_of("FAILED", reason, message)})


def check_body(body: Json) -> None:
    """Refuse (400) a session that lacks something or asks for the impossible."""
    for path, is_right in RULES.items():
        value: Any = body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if not is_right(value):
            raise failed(400, f"El campo {path} no es válido", "400")


def _unauthorized(code: int) -> Refused:
    return failed(401, f"Autenticación fallida {code}", "401")


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None


def _is_amount(value: Any) -> bool:
    try:
        return type(value) in (int, float, str) and Decimal(str(value)) > 0
    except InvalidOperation:
        return False


def _is_late_enough(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value) >= clock.now() + SHORTEST_SESSION
    except (TypeError, ValueError):
        return False


RULES: Mapping[str, Callable[[Any], bool]] = {
    "payment.reference": _matches(r".{1,32}"),
    "payment.description": _matches(r".{1,250}"),
    "payment.amount.currency": _matches("COP|USD"),
    "payment.amount.total": _is_amount,
    "expiration": _is_late_enough,
    "returnUrl": _matches(r"https?://\S+"),
    "ipAddress": _matches(r"[0-9a-fA-F.:]{3,45}"),
    "userAgent": _matches(r".{1,255}"),
}
