"""What Wompi answers, read at the edge: strict where we rely on it, blind to everything else.

Only `id`, `status`, `amount_in_cents`, `currency` and `reference` of a transaction are relied on. An answer may also
be HTML from the edge of Wompi's network.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from insure_integrations.public import Response
from insure_payments.enums import TransactionStatus
from insure_payments.gateways.base import GatewayTransaction, GatewayUnavailable

logger = logging.getLogger(__name__)

STATUSES = {
    "PENDING": TransactionStatus.PENDING,
    "APPROVED": TransactionStatus.APPROVED,
    "DECLINED": TransactionStatus.DECLINED,
    "VOIDED": TransactionStatus.VOIDED,
    "ERROR": TransactionStatus.ERROR,
}


class Answer(BaseModel):
    """Unknown fields are ignored, a wrong type is an unreadable answer."""

    model_config = ConfigDict(strict=True)


class Transaction(Answer):
    id: str
    status: str
    amount_in_cents: int
    currency: str
    reference: str
    payment_method_type: Any = None
    payment_method: Any = None
    status_message: Any = None
    finalized_at: Any = None

    def converted(self, *, provider: str, environment: str) -> GatewayTransaction:
        """In our own terms. A status that we do not know stays PENDING and is logged as an error."""
        status = STATUSES.get(self.status)
        if status is None:
            logger.error("unknown transaction status at Wompi", extra={"status": self.status[:32]})
        method = self.payment_method if isinstance(self.payment_method, dict) else {}
        extra = method["extra"] if isinstance(method.get("extra"), dict) else {}
        return GatewayTransaction(
            provider=provider,
            provider_id=self.id,
            reference=self.reference,
            status=status or TransactionStatus.PENDING,
            amount_in_cents=self.amount_in_cents,
            currency=self.currency,
            method=_text(self.payment_method_type),
            environment=environment,
            redirect_url=_web_address(extra.get("async_payment_url")),
            trace_code=_text(extra.get("traceability_code")),
            message=_text(self.status_message),
            finalized_at=_moment(self.finalized_at),
        )


class Document(Answer):
    acceptance_token: str
    permalink: str
    type: str


class Merchant(Answer):
    presigned_acceptance: Document
    presigned_personal_data_auth: Document

    @property
    def documents(self) -> tuple[Document, Document]:
        return self.presigned_acceptance, self.presigned_personal_data_auth


class Bank(Answer):
    financial_institution_code: str
    financial_institution_name: str


class OneTransaction(Answer):
    data: Transaction


class Transactions(Answer):
    data: list[Transaction]


class MerchantInfo(Answer):
    data: Merchant


class Banks(Answer):
    data: list[Bank]


A = TypeVar("A", bound=Answer)


def parsed(form: type[A], answer: Response, *, sent: bool) -> A:
    """The body of a success. Raises GatewayUnavailable if it is not of this form."""
    try:
        return form.model_validate_json(answer.body)
    except ValidationError as error:
        raise GatewayUnavailable(f"unreadable answer: {error.error_count()} problems", sent=sent) from None


class Refusal(NamedTuple):
    """An error answer: a line to show, and the messages by field."""

    message: str
    fields: Mapping[str, Any]


def refusal(answer: Response) -> Refusal:
    """What an error answer says. The reason of a 401 repeats the key, so it is neither logged nor passed on."""
    if answer.status in (401, 403):
        logger.error("Wompi refuses our key", extra={"status": answer.status})
        return Refusal(f"HTTP {answer.status}", {})
    try:
        error = answer.json()["error"]
        fields = error.get("messages") or {}
        texts = [f"{name}: {' '.join(messages)}" for name, messages in fields.items()] or [str(error["reason"])]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Refusal(f"HTTP {answer.status}", {})
    return Refusal("; ".join(texts), fields)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _web_address(value: Any) -> str:
    """A payer is sent there: nothing but a web address will do."""
    try:
        is_web = urlsplit(_text(value)).scheme in ("http", "https")
    except ValueError:
        return ""
    return _text(value) if is_web else ""


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
