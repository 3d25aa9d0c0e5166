"""What Wompi answers, read at the edge: strict where we rely on it, blind to everything else.

Only `id`, `status`, `amount_in_cents`, `currency` and `reference` of a transaction are relied on. An answer may also
be HTML from the edge of Wompi's network.
"""

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from insure_common import clock
from insure_integrations.public import Response
from insure_payments.enums import TransactionStatus
from insure_payments.gateways.base import GatewayTransaction
from insure_payments.gateways.edge import Answer, moment_or_nothing, text_or_nothing, web_address_or_nothing

logger = logging.getLogger(__name__)

STATUSES = {
    "PENDING": TransactionStatus.PENDING,
    "APPROVED": TransactionStatus.APPROVED,
    "DECLINED": TransactionStatus.DECLINED,
    "VOIDED": TransactionStatus.VOIDED,
    "ERROR": TransactionStatus.ERROR,
}


class Transaction(Answer):
    id: str
    status: str
    amount_in_cents: int
    currency: str
    reference: str
    payment_method_type: Any = None
    payment_method: Any = None
    status_message: Any = None
    created_at: Any = None
    finalized_at: Any = None

    def bogota_day(self) -> date | None:
        """The day on which it was made, if Wompi says so."""
        made_at = moment_or_nothing(self.created_at)
        return made_at.astimezone(clock.BOGOTA).date() if made_at else None

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
            method=text_or_nothing(self.payment_method_type),
            environment=environment,
            redirect_url=web_address_or_nothing(extra.get("async_payment_url")),
            trace_code=text_or_nothing(extra.get("traceability_code")),
            message=text_or_nothing(self.status_message),
            finalized_at=moment_or_nothing(self.finalized_at),
        )


class Document(Answer):
    acceptance_token: str
    permalink: str
    type: str


class Merchant(Answer):
    presigned_acceptance: Document
    presigned_personal_data_auth: Document
    accepted_payment_methods: list[str] = []

    @property
    def documents(self) -> tuple[Document, Document]:
        return self.presigned_acceptance, self.presigned_personal_data_auth


class Bank(Answer):
    financial_institution_code: str
    financial_institution_name: str


class OneTransaction(Answer):
    data: Transaction


class Void(Answer):
    """What became of the wish to void; the transaction itself turns VOIDED later."""

    status: str
    status_message: str | None = None


class OneVoid(Answer):
    data: Void


class Transactions(Answer):
    data: list[Transaction]


class MerchantInfo(Answer):
    data: Merchant


class Banks(Answer):
    data: list[Bank]


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
