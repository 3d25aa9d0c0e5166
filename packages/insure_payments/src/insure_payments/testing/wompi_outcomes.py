"""What becomes of a transaction at the Wompi sandbox: the documented test values, and cards behind tokens.

Source: "datos de prueba en sandbox". Wompi documents no field for the page on which the bank of a card asks more of
its holder (3-D Secure); here it is where the page of every other method is.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from insure_common import clock
from insure_payments.testing.api import Json, Refused
from insure_payments.testing.wompi_events import timestamp_text
from insure_payments.testing.wompi_rules import Keys, Rule, invalid, matches

Status = Literal["APPROVED", "DECLINED", "ERROR", "VOIDED"]


class Outcome(NamedTuple):
    """A status that comes by itself; without one the payer decides on a page. In sandbox mode PSE has both."""

    status: Status | None = None
    has_page: bool = False


BY_PAYER = Outcome(has_page=True)
BANK_RESULTS: Mapping[str, Status] = {"1": "APPROVED", "2": "DECLINED"}
"""What a bank's code stands for in sandbox mode; every other code is an ERROR."""
NEQUI_RESULTS: Mapping[str, Status] = {"3991111111": "APPROVED", "3992222222": "DECLINED"}
CARD_OUTCOMES: Mapping[str, Outcome] = {
    "4242424242424242": Outcome("APPROVED"),
    "4111111111111111": Outcome("DECLINED"),
    "2303779951000446": BY_PAYER,
    "2303779951000297": Outcome("APPROVED"),
    "2303779951000453": Outcome("DECLINED"),
}
"""Every other valid number is an ERROR, as are two more of 3-D Secure, ending in 0354 and 0347."""
BRANDS = {"4": "VISA", "5": "MASTERCARD", "2": "MASTERCARD", "3": "AMEX"}
USES_OF_TOKEN = 2
TOKEN_LIFE = timedelta(days=180)

CARD_RULES = (
    Rule("number", matches(r"[0-9]{12,19}"), r'debe coincidir con el patron "^\d{12,19}$"'),
    Rule("number", lambda number: _passes_luhn(number), "El número de tarjeta es inválido. Luhn check falló."),
    Rule("cvc", matches("[0-9]{3,4}"), 'debe coincidir con el patron "^\\d{3,4}$"'),  # ours
    Rule("exp_month", matches("0[1-9]|1[0-2]"), "Debe tener dos dígitos"),  # ours
    Rule("exp_year", matches("[0-9]{2}"), "Debe tener dos dígitos"),  # ours
    Rule("card_holder", matches(".{5,}"), "Debe tener al menos 5 caracteres"),  # ours
)


@dataclass
class Card:
    """What a token stands for. The number itself is not kept."""

    token: str
    outcome: Outcome
    extra: Json
    """What a transaction shows of the card."""
    uses_left: int = USES_OF_TOKEN


def outcome_of(method: Mapping[str, Any], *, mode: str, card: Card | None) -> Outcome:
    """What becomes of a transaction that is paid so."""
    if card:
        return card.outcome
    if method["type"] == "NEQUI":
        return Outcome(NEQUI_RESULTS.get(method["phone_number"], "ERROR"))
    if method["type"] == "PSE" and mode == "sandbox":
        return Outcome(BANK_RESULTS.get(method["financial_institution_code"], "ERROR"), has_page=True)
    return BY_PAYER


def tokenized(body: Any, *, authorization: str, keys: Keys) -> tuple[Card, Json]:
    """A card behind a new token, and what POST /tokens/cards answers. Raises Refused."""
    body = body if isinstance(body, Mapping) else {}
    for rule in CARD_RULES:
        rule.check(body)
    if authorization.removeprefix("Bearer ").strip() != keys.public_key:
        error = {"type": "NOT_FOUND", "code": "MERCHANT_NOT_FOUND", "reason": "El comercio no existe"}  # ours
        raise Refused(404, {"error": error})
    if body["exp_year"] + body["exp_month"] < f"{clock.today():%y%m}":
        raise invalid("exp_year", "La tarjeta está vencida")  # ours
    number = body["number"]
    shown = {
        "name": f"{BRANDS.get(number[0], 'CARD')}-{number[-4:]}",
        "brand": BRANDS.get(number[0], "CARD"),
        "last_four": number[-4:],
        "bin": number[:6],
        "exp_month": body["exp_month"],
        "exp_year": body["exp_year"],
        "card_holder": body["card_holder"],
    }
    outcome = CARD_OUTCOMES.get(number, Outcome("ERROR"))
    token = f"tok_{keys.environment}_{secrets.token_hex(16)}"
    card = Card(token, outcome, extra={**shown, "is_three_ds": outcome.has_page})
    now = clock.now()
    data = {
        "id": card.token,
        "created_at": timestamp_text(now),
        "expires_at": timestamp_text(now + TOKEN_LIFE),
        "validity_ends_at": timestamp_text(now + TOKEN_LIFE),
        **shown,
    }
    return card, {"status": "CREATED", "data": data}


def _passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
