"""What a core system is to us: the protocol that an adapter implements, and the rows that come through it.

Amounts are decimal strings of pesos in CASSE and integer cents from here on. Text is bounded and free of control
characters, dates lie in a credible range; a row that is not like this is refused, not repaired.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Protocol, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from insure_common.money import cents_from_decimal

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
LONGEST_LIST = 200

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


class CoreSystemError(Exception):
    """The core system answered, but not with what was asked for."""


class CoreRefused(CoreSystemError):
    """A 4xx answer: the same request will be refused again. `code` is the system's own."""

    def __init__(self, *, status: int, code: str) -> None:
        super().__init__(f"refused with {status} {code}")
        self.status, self.code = status, code


class CoreUnavailable(CoreSystemError):
    """An answer of 5xx or 429, a redirect or garbage: worth another try later, in `retry_after` seconds if given."""

    def __init__(self, reason: str, *, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def _plain_text(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in text):
        raise ValueError("control characters are not accepted")
    return text


def _plain_date(value: object) -> date:
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        raise ValueError("not a date YYYY-MM-DD")
    return date.fromisoformat(value)


def _credible_date(value: date) -> date:
    if not EARLIEST <= value <= LATEST:
        raise ValueError("not a credible date")
    return value


def _credible_time(value: datetime) -> datetime:
    _credible_date(value.date())
    return value


def _one_email(text: str) -> str:
    """The canonical form of an e-mail address: NFKC, trimmed, lower case."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def _signed_cents(text: object) -> int:
    """Like Cents; a leading minus is what is in the client's favour."""
    if not isinstance(text, str):
        raise ValueError("not a decimal amount")  # noqa: TRY004 pydantic reports ValueError only
    return -cents_from_decimal(text[1:]) if text.startswith("-") else cents_from_decimal(text)


def _month(value: object) -> date:
    if not isinstance(value, str) or not _ISO_MONTH.fullmatch(value):
        raise ValueError("not a month YYYY-MM")
    return date.fromisoformat(f"{value}-01")


Cents = Annotated[int, BeforeValidator(cents_from_decimal)]
SignedCents = Annotated[int, BeforeValidator(_signed_cents)]
Month = Annotated[date, BeforeValidator(_month), AfterValidator(_credible_date)]
Day = Annotated[date, BeforeValidator(_plain_date), AfterValidator(_credible_date)]
Moment = Annotated[AwareDatetime, AfterValidator(_credible_time)]
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Code = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,39}$")]
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(_plain_text)
]
OptionalText = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), AfterValidator(_plain_text)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class CoreModel(BaseModel):
    """Base of the rows: frozen; fields that a system adds are ignored, types are not guessed."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class CoreHolder(CoreModel):
    """Who owns a policy or owes a charge, as the core system knows them."""

    reference: Reference
    id_type: Code
    id_number: Annotated[str, Field(pattern=r"^[A-Z0-9-]{3,30}$")]
    full_name: Text
    email: Annotated[str, Field(max_length=254), AfterValidator(_plain_text), AfterValidator(_one_email)] = ""


class CoreCoverage(CoreModel):
    code: Code
    name: Text
    insured_amount_in_cents: Cents = Field(validation_alias="insured_amount")
    deductible_in_cents: Cents = Field(validation_alias="deductible")
    premium_in_cents: Cents = Field(validation_alias="premium")


class CorePremium(CoreModel):
    net_in_cents: Cents = Field(validation_alias="net")
    tax_in_cents: Cents = Field(validation_alias="tax")
    total_in_cents: Cents = Field(validation_alias="total")
    currency: Currency

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.net_in_cents + self.tax_in_cents != self.total_in_cents:
            raise ValueError("net and tax do not add up to the total")
        return self


class CoreInsured(CoreModel):
    """A person or object under cover; `identifier` is a document number, a plate, an address."""

    kind: Code
    description: Text
    identifier: OptionalText = ""


class CorePolicyStatus(StrEnum):
    VIGENTE = "VIGENTE"
    SUSPENDIDA = "SUSPENDIDA"
    CANCELADA = "CANCELADA"
    VENCIDA = "VENCIDA"
    EN_TRAMITE = "EN_TRAMITE"


class CorePolicy(CoreModel):
    reference: Reference
    number: Text
    product: Code
    status: CorePolicyStatus
    starts_on: Day
    ends_on: Day
    holder: CoreHolder
    insured: tuple[CoreInsured, ...] = Field(max_length=LONGEST_LIST)
    coverages: tuple[CoreCoverage, ...] = Field(max_length=LONGEST_LIST)
    premium: CorePremium
    payment_plan: OptionalText = ""
    insurer: Text
    updated_at: Moment

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends before it starts")
        return self


class CoreChargeStatus(StrEnum):
    OPEN = "OPEN"
    PAID = "PAID"
    VOID = "VOID"


class CoreCharge(CoreModel):
    """What is owed, `tax` included. `paid` counts every payment that the core system knows of, ours included."""

    reference: Reference
    policy_reference: Reference | None = Field(validation_alias="policy", default=None)
    holder: CoreHolder
    concept: Text
    due_date: Day
    amount_in_cents: Cents = Field(validation_alias="amount")
    tax_in_cents: Cents = Field(validation_alias="tax", default=0)
    paid_in_cents: Cents = Field(validation_alias="paid")
    outstanding_in_cents: Cents = Field(validation_alias="outstanding")
    currency: Currency
    status: CoreChargeStatus
    updated_at: Moment

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        expected = 0 if self.status == CoreChargeStatus.VOID else self.amount_in_cents - self.paid_in_cents
        if self.outstanding_in_cents != expected:
            raise ValueError("outstanding is not what is left of the amount")
        if self.tax_in_cents > self.amount_in_cents:
            raise ValueError("tax is more than the amount")
        return self


class CoreStatementLine(CoreModel):
    """A movement; what was paid is negative."""

    date: Day
    description: Text
    amount_in_cents: SignedCents = Field(validation_alias="amount")


class CoreStatement(CoreModel):
    """A holder's month as the core system sees it; a positive balance is owed."""

    reference: Reference
    holder: Reference
    period: Month
    opening_in_cents: SignedCents = Field(validation_alias="opening")
    charges_in_cents: SignedCents = Field(validation_alias="charges")
    payments_in_cents: SignedCents = Field(validation_alias="payments")
    closing_in_cents: SignedCents = Field(validation_alias="closing")
    currency: Currency
    lines: tuple[CoreStatementLine, ...] = Field(max_length=LONGEST_LIST)
    updated_at: Moment

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.opening_in_cents + self.charges_in_cents - self.payments_in_cents != self.closing_in_cents:
            raise ValueError("opening, charges and payments do not add up to the closing balance")
        return self


class CoreDocument(CoreModel):
    """A document of a policy; its bytes come from `CoreSystem.policy_document`."""

    reference: Reference
    name: Text
    content_type: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    issued_on: Day


class Page(CoreModel):
    """One page of rows in the order of (updated_at, reference).

    `snapshot` names the moment whose data is being walked and `total` its number of rows: a walk is complete when both
    stay the same and that many different rows came.
    """

    rows: list[Any] = Field(validation_alias="results")
    snapshot: Annotated[str, Field(min_length=1, max_length=100)]
    total: int = Field(ge=0, le=2_000_000_000)
    next_cursor: Annotated[str, Field(min_length=1, max_length=500)] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReport:
    """A settled payment, for the core system. `reference` is our own and stays the same in every report."""

    reference: str
    charge_references: Sequence[str]
    amount_in_cents: int
    currency: str
    method: str
    provider: str
    provider_transaction: str
    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalReport:
    """A payment that was voided or returned; `reference` is that of its PaymentReport."""

    reference: str
    amount_in_cents: int
    currency: str
    reason: str
    reversed_at: datetime


class CoreSystem(Protocol):
    """An adapter to a core system; its constructor takes `system` (the name) and the options of its SYSTEMS entry.

    Every method raises SystemUnreachable without an answer, CoreUnavailable for one that may be better later, and
    CoreRefused for one that is final.
    """

    def policies(self, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
        """Policies changed at or after `updated_since`, as raw rows for CorePolicy."""

    def charges(self, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
        """Charges changed at or after `updated_since`, as raw rows for CoreCharge."""

    def statements(self, *, period: date, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
        """Statements of the month that begins with `period`, changed since then, as raw rows for CoreStatement."""

    def policy_documents(self, reference: str) -> list[CoreDocument]:
        """The documents of a policy."""

    def policy_document(self, reference: str, document: str) -> bytes:
        """The bytes of one document, checked against the digest that came with them."""

    def report_payment(self, report: PaymentReport, *, idempotency_key: str) -> None:
        """Tell of a settled payment; again with the same key changes nothing."""

    def report_reversal(self, report: ReversalReport, *, idempotency_key: str) -> None:
        """Tell that a reported payment was voided or returned; again with the same key changes nothing."""
