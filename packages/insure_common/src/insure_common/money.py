"""Money is integer minor units plus an ISO 4217 currency, everywhere."""

import re
from dataclasses import dataclass
from decimal import Decimal

MAX_AMOUNT_IN_CENTS = 99_999_999_999_99
"""Eleven digits of pesos: the largest amount that any edge accepts."""

_DECIMAL = re.compile(r"[0-9]{1,11}(\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of one currency."""

    amount_in_cents: int
    currency: str = "COP"

    def as_dict(self) -> dict[str, int | str]:
        return {"amount_in_cents": self.amount_in_cents, "currency": self.currency}

    def display(self, *, always_cents: bool = False) -> str:
        """Colombian form: `$ 1.234.567`, with `,50` only where there are cents, or always."""
        pesos, cents = divmod(abs(self.amount_in_cents), 100)
        text = f"{pesos:,}".replace(",", ".") + (f",{cents:02}" if cents or always_cents else "")
        return f"{'-' if self.amount_in_cents < 0 else ''}$ {text}"


def cents_from_decimal(text: str) -> int:
    """Convert a decimal string of pesos, the form of CASSE, to cents: `"123456.5"` is 12345650.

    Raises ValueError unless it is 1 to 11 ASCII digits with at most two decimals.
    """
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise ValueError("not a decimal amount with at most two decimals")
    return int(Decimal(text) * 100)
