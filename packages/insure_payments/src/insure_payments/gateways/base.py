"""The seam between payments and their providers. An adapter converts at its own edge; inside there are cents and enums.

An adapter is named in `INSURE_PAYMENTS["GATEWAYS"]`:
`{"WOMPI": {"gateway": "insure_payments.gateways.wompi.WompiGateway", **keyword arguments of its constructor}}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from rest_framework import status

from insure_common.conf import import_dotted
from insure_common.exceptions import APIException
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import METHOD_NEEDS, PaymentMethod, TransactionStatus


@dataclass(frozen=True, slots=True)
class GatewayTransaction:
    """What a provider says of one transaction now."""

    provider: str
    provider_id: str
    reference: str
    status: TransactionStatus
    amount_in_cents: int
    currency: str
    method: str = ""
    environment: str = ""
    redirect_url: str = ""
    """Where the payer goes on; may come later than the transaction itself."""
    trace_code: str = ""
    """The number that payer and bank quote: the CUS of PSE."""
    message: str = ""
    finalized_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostedPage:
    """A page of the provider where the payer goes on. Each attempt made there is a transaction of its own."""

    redirect_url: str


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A payment to be opened at a provider."""

    reference: str
    """Unique per merchant: it makes a repeated request harmless."""
    amount_in_cents: int
    """Taxes included."""
    currency: str
    description: str
    customer_email: str
    customer_name: str
    customer_phone: str
    method: dict[str, Any] = field(repr=False)
    """As in the API: `{"type": "PSE", "institution", "person_type", "id_type", "id_number"}`."""
    return_url: str
    client_address: str
    accepted_documents: tuple[str, ...]
    """Permalinks of the provider's documents that the payer accepted."""
    expires_at: datetime
    """When the payment is over, and its charges may be paid in another way."""
    taxes_in_cents: int = 0


@dataclass(frozen=True, slots=True)
class Institution:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class AcceptedDocument:
    """A document of the provider that the payer must accept by an act of their own."""

    kind: str
    permalink: str


@dataclass(frozen=True, slots=True)
class Notification:
    """An authentic event: a hint to ask the provider about `provider_id`, nothing more."""

    event_key: str
    """The same for each delivery of one event."""
    event_name: str
    provider_id: str
    environment: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """A part of the transactions of one day; `next_cursor` leads to the next part, None: there is none."""

    transactions: list[GatewayTransaction]
    next_cursor: str | None


class ListingUnsupported(Exception):
    """The provider cannot list its transactions: each must be fetched by itself."""


class AcceptanceOutdated(Exception):
    """The provider's documents are no longer those that the payer accepted. Nothing was opened."""


class GatewayRefused(Exception):
    """The provider said no, with this message; asking again would not help."""


class GatewayUnavailable(Exception):
    """No usable answer. `sent`: whether the provider may have opened the transaction nevertheless."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class LookupUnsupported(Exception):
    """The provider cannot be asked for a reference."""


class InvalidSignature(APIException):
    """The notification is not, or cannot be shown to be, the provider's."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_detail = _("The signature is not valid.")
    default_code = "invalid_signature"


class MalformedNotification(APIException):
    """The notification cannot be read."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = _("The notification cannot be read.")
    default_code = "malformed_notification"


class Gateway(Protocol):
    """A payment provider. Every call but `parse_notification` goes over the network, outside of any transaction.

    These calls raise GatewayUnavailable without a usable answer and GatewayRefused on a final no.
    """

    provider: str
    methods: tuple[PaymentMethod, ...]
    """The methods that the adapter speaks."""
    asks_itself: tuple[str, ...]
    """What a client may leave out, because the provider's own page asks for it: fields of a method,
    `accepted_documents`."""

    def list_methods(self) -> list[PaymentMethod]:
        """Those of `methods` that the merchant has enabled at present."""

    def list_institutions(self) -> list[Institution]:
        """The banks that a payer can choose from."""

    def accepted_documents(self) -> list[AcceptedDocument]:
        """The documents that a payer must accept at present."""

    def open(self, request: OpenRequest) -> GatewayTransaction | HostedPage:
        """Open a transaction; at most one per reference. Raises AcceptanceOutdated.

        For one of HOSTED_METHODS the answer is the page, and there is no transaction until the payer makes one there;
        that may be asked for as often as one likes.
        """

    def fetch(self, provider_id: str) -> GatewayTransaction:
        """The transaction as it is now. The caller compares what it is about."""

    def find_by_reference(self, reference: str) -> list[GatewayTransaction]:
        """Every transaction with this reference; empty only if the provider knows none.

        Raises LookupUnsupported. What such an adapter opens must be over at `expires_at` and payable only by who holds
        the answer to `open`, since nothing else tells what has become of one that was lost. None of HOSTED_METHODS
        can do without.
        """

    def list_transactions(self, day: date, cursor: str | None) -> TransactionPage:
        """What was made on a Bogota day, oldest first; `cursor` comes from the page before. Raises ListingUnsupported.

        Transactions of the days beside it may be among them or missing at its edges.
        """

    def void(self, provider_id: str) -> None:
        """Ask to take back an approved transaction as a whole; that it was, is read by `fetch` moments later."""

    def parse_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """Verify an event. Raises InvalidSignature (401) or MalformedNotification (400)."""

    @classmethod
    def configuration_problems(cls, **options: Any) -> list[str]:
        """What is wrong with constructor arguments, one readable line each, without repeating a value."""


def gateway(provider: str) -> Gateway:
    """The configured adapter of `provider`. Raises ImproperlyConfigured if there is none or its options are wrong.

    One adapter serves all threads until the settings change.
    """
    settings = PaymentsSettings.load()
    of, built = _built.get(provider, (None, None))
    if built is None or of is not settings:
        built = _build(provider)
        _built[provider] = settings, built
    return built


_built: dict[str, tuple[PaymentsSettings, Gateway]] = {}
"""Each adapter with the settings that it was built of."""


def _build(provider: str) -> Gateway:
    adapter, options = _configured(provider)
    if problems := adapter.configuration_problems(**options):
        raise ImproperlyConfigured("; ".join(problems))
    built: Gateway = adapter(**options)
    return built


def methods_of(provider: str) -> tuple[PaymentMethod, ...]:
    """The methods that the adapter of `provider` speaks. Raises ImproperlyConfigured if there is none."""
    adapter, _options = _configured(provider)
    methods: tuple[PaymentMethod, ...] = adapter.methods
    return methods


def needs_of(provider: str, method: str) -> list[str]:
    """The fields of a method that a client must send to `provider`."""
    return [name for name in METHOD_NEEDS[PaymentMethod(method)] if name not in asked_by(provider)]


def asked_by(provider: str) -> tuple[str, ...]:
    """What the page of `provider` asks the payer for. Raises ImproperlyConfigured if there is no such provider."""
    adapter, _options = _configured(provider)
    asks_itself: tuple[str, ...] = adapter.asks_itself
    return asks_itself


def gateway_problems() -> list[str]:
    """What is wrong with INSURE_PAYMENTS["GATEWAYS"], one readable line each."""
    problems = []
    for provider in PaymentsSettings.load().GATEWAYS:
        try:
            adapter, options = _configured(provider)
        except ImproperlyConfigured as error:
            problems.append(str(error))
        else:
            problems += [f"{provider}: {problem}" for problem in adapter.configuration_problems(**options)]
    return problems


def _configured(provider: str) -> tuple[Any, dict[str, Any]]:
    try:
        options = dict(PaymentsSettings.load().GATEWAYS[provider])
        path = options.pop("gateway")
    except KeyError as missing:
        raise ImproperlyConfigured(f"INSURE_PAYMENTS['GATEWAYS'] has no {missing}") from None
    return import_dotted(path), options
