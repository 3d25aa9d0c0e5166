"""What PlaceToPay answers about a session, read at the edge: strict where we rely on it, blind to everything else.

A session is one payment; the payer may try several banks in it, and its status counts, not that of a try. Amounts are
decimals of pesos, as texts or as numbers. Source: docs.placetopay.dev, "checkout", "session".
"""

import logging
from typing import Any, NoReturn

from pydantic import Field, ValidationError, field_validator

from insure_common.money import cents_from_decimal
from insure_integrations.public import Response
from insure_payments.enums import PaymentMethod, TransactionStatus
from insure_payments.gateways.base import GatewayRefused, GatewayTransaction, GatewayUnavailable
from insure_payments.gateways.edge import Answer, moment_or_nothing, parsed, text_or_nothing

logger = logging.getLogger(__name__)

STATUSES = {
    "PENDING": TransactionStatus.PENDING,
    "PENDING_VALIDATION": TransactionStatus.PENDING,
    # A part was paid and the rest still may be: what came is posted once, when the session ends.
    "APPROVED_PARTIAL": TransactionStatus.PENDING,
    "PARTIAL_EXPIRED": TransactionStatus.APPROVED,
    "APPROVED": TransactionStatus.APPROVED,
    "REJECTED": TransactionStatus.DECLINED,
    "FAILED": TransactionStatus.ERROR,
    "ERROR": TransactionStatus.ERROR,
    "REFUNDED": TransactionStatus.VOIDED,
}
UNASKED = ("APPROVED_PARTIAL", "PARTIAL_EXPIRED")
"""Statuses of payments in parts, which no session of ours allows."""
MONEY_CAME = ("APPROVED", "REFUNDED")
"""Statuses of a try whose money came, whatever became of it later."""
TRACE_CODES = ("trazabilityCode", "trazabilyCode")
"""Both spellings occur."""


class Status(Answer):
    status: str
    message: Any = None
    date: Any = None


class Amount(Answer):
    currency: str
    total: int | float | str

    @field_validator("total")
    @classmethod
    def _is_money(cls, value: float | str) -> float | str:
        cents_from_decimal(str(value))
        return value

    @property
    def in_cents(self) -> int:
        return cents_from_decimal(str(self.total))


class Conversion(Answer):
    to: Amount
    """What the payer's bank paid, after conversions and discounts."""


class Try(Answer):
    """One of the payer's tries whose money came."""

    amount: Conversion
    processor_fields: Any = Field(default=None, alias="processorFields")

    @property
    def trace_code(self) -> str:
        fields = self.processor_fields if isinstance(self.processor_fields, list) else []
        pairs = [(field.get("keyword"), field.get("value")) for field in fields if isinstance(field, dict)]
        return next((str(value) for keyword, value in pairs if keyword in TRACE_CODES and value), "")


class PaymentRequest(Answer):
    reference: str
    amount: Amount


class Request(Answer):
    payment: PaymentRequest


class Opened(Answer):
    request_id: int | str = Field(alias="requestId")
    process_url: str = Field(alias="processUrl")


class Envelope(Answer):
    """What every answer has: of a session the session's status, otherwise OK or FAILED."""

    status: Status
    request: Any = None


class Session(Answer):
    request_id: int | str = Field(alias="requestId")
    status: Status
    request: Request
    payment: list[dict[str, Any]] | None = None

    def converted(self, *, provider: str, environment: str) -> GatewayTransaction:
        """In our own terms. A status that we do not know stays PENDING and is logged as an error.

        Raises GatewayUnavailable if money is said to have come, but not how much.
        """
        status = STATUSES.get(self.status.status)
        if status is None or self.status.status in UNASKED:
            extra = {"status": self.status.status[:32], "session": self.request_id}
            logger.error("unexpected status of a session at PlaceToPay", extra=extra)
        paid = self._paid()
        amount_in_cents, currency = self._money(paid)
        if status == TransactionStatus.APPROVED and not paid:
            raise GatewayUnavailable("approved, but no payment is named", sent=False)
        is_final = status not in (None, TransactionStatus.PENDING)
        return GatewayTransaction(
            provider=provider,
            provider_id=str(self.request_id),
            reference=self.request.payment.reference,
            status=status or TransactionStatus.PENDING,
            amount_in_cents=amount_in_cents,
            currency=currency,
            method=PaymentMethod.PSE,
            environment=environment,
            trace_code=next((one.trace_code for one in paid if one.trace_code), ""),
            message=text_or_nothing(self.status.message),
            finalized_at=moment_or_nothing(self.status.date) if is_final else None,
        )

    def _paid(self) -> list[Try]:
        rows = [row for row in self.payment or () if _status_of(row) in MONEY_CAME]
        try:
            return [Try.model_validate(row) for row in rows]
        except ValidationError as error:
            raise GatewayUnavailable(f"unreadable payment: {error.error_count()} problems", sent=False) from None

    def _money(self, paid: list[Try]) -> tuple[int, str]:
        """Cents and currency of the money that came; before any has, of what was asked for.

        If one of several parts is in another currency than asked for, that currency is told, so that nobody adds it up.
        """
        asked = self.request.payment.amount
        if not paid:
            return asked.in_cents, asked.currency
        currencies = {one.amount.to.currency for one in paid} - {asked.currency}
        return sum(one.amount.to.in_cents for one in paid), min(currencies, default=asked.currency)


def session_of(answer: Response) -> Session:
    """The session in a 200. Raises GatewayRefused if there is none, GatewayUnavailable if it cannot be read."""
    envelope = parsed(Envelope, answer, sent=False)
    if envelope.request is None and envelope.status.status == "FAILED":
        raise GatewayRefused(text_or_nothing(envelope.status.message) or "no such session")
    return parsed(Session, answer, sent=False)


def refuse(answer: Response) -> NoReturn:
    """Raise GatewayRefused with what an error answer says. A refused key is an alert."""
    message = refusal(answer)
    if answer.status in (401, 403):
        logger.error("PlaceToPay refuses our key", extra={"status": answer.status, "reason": message[:200]})
    raise GatewayRefused(message)


def refusal(answer: Response) -> str:
    """What an error answer says; it may also be HTML from the edge of PlaceToPay's network."""
    try:
        return text_or_nothing(answer.json()["status"]["message"]) or f"HTTP {answer.status}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status}"


def _status_of(row: dict[str, Any]) -> Any:
    status = row.get("status")
    return status.get("status") if isinstance(status, dict) else None
