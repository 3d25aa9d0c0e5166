"""PSE at PlaceToPay (Evertec): sessions on its own page. Source: docs.placetopay.dev, "checkout".

A session is opened with the payment's reference and ends with the payment. Its page asks the payer for the bank and
for the terms to accept, so there are no banks and documents to show before. Amounts are pesos there and cents here.
"""

import base64
import secrets
from collections.abc import Mapping
from datetime import date
from hashlib import sha1
from typing import Any
from urllib.parse import quote

from insure_common import clock
from insure_integrations.public import ResilientClient, Response, SystemUnreachable
from insure_payments.enums import PaymentMethod, TransactionStatus
from insure_payments.gateways.base import (
    AcceptedDocument,
    GatewayRefused,
    GatewayTransaction,
    GatewayUnavailable,
    Institution,
    ListingUnsupported,
    LookupUnsupported,
    Notification,
    OpenRequest,
    TransactionPage,
)
from insure_payments.gateways.edge import international_phone, parsed, web_address_or_nothing
from insure_payments.gateways.pse_answers import Envelope, Opened, refusal, refuse, session_of
from insure_payments.gateways.pse_config import PseConfig, configuration_problems
from insure_payments.gateways.pse_events import parse_event

DOCUMENT_TYPES = {"CC": "CC", "CE": "CE", "TI": "TI", "NIT": "NIT", "PP": "PPN"}
"""Kinds of document that PlaceToPay knows; for any other its page asks the payer."""
MASKED = ("auth", "buyer", "payer", "fields", "processurl")
"""Fields that must not stay readable in the call log: our credentials, the payer, the payer's way into the page."""


class PseGateway:
    """A `Gateway`, constructed with the fields of PseConfig."""

    provider = "PSE"
    methods = (PaymentMethod.PSE,)
    asks_itself = ("institution", "person_type", "accepted_documents")

    def __init__(self, **options: Any) -> None:
        self._config = PseConfig.model_validate(options)
        self._client = ResilientClient(
            system=self.provider, base_url=self._config.base_url, read_seconds=self._config.read_seconds
        )

    @classmethod
    def configuration_problems(cls, **options: Any) -> list[str]:
        """See `Gateway`: also an address and an environment that do not belong together."""
        return configuration_problems(options)

    def list_methods(self) -> list[PaymentMethod]:
        """PSE only, to which the page is limited."""
        return list(self.methods)

    def list_institutions(self) -> list[Institution]:
        """None: the page asks for the bank."""
        return []

    def accepted_documents(self) -> list[AcceptedDocument]:
        """None: the page shows them and has them accepted."""
        return []

    def open(self, request: OpenRequest) -> GatewayTransaction:
        """Open a session that ends with the payment. PlaceToPay would open another one for the same reference.

        So this must never be asked twice, and an answer that got lost is not asked for again: see `find_by_reference`.
        """
        try:
            answer = self._call("/api/session", self._body_of(request), operation="pse.open", idempotent=False)
        except SystemUnreachable as error:
            raise GatewayUnavailable(error.reason, sent=error.sent) from error
        if answer.status == 429:
            raise GatewayUnavailable("HTTP 429", sent=False)
        if 400 <= answer.status < 500:
            refuse(answer)
        if answer.status != 200:
            raise GatewayUnavailable(f"HTTP {answer.status}", sent=True)
        if parsed(Envelope, answer, sent=True).status.status == "FAILED":
            refuse(answer)
        return self._opened(request, parsed(Opened, answer, sent=True))

    def fetch(self, provider_id: str) -> GatewayTransaction:
        """POST /api/session/{requestId}. Raises GatewayRefused if PlaceToPay does not know the session."""
        path = f"/api/session/{quote(provider_id, safe='')}"
        try:
            answer = self._call(path, {}, operation="pse.fetch", idempotent=True)
        except SystemUnreachable as error:
            raise GatewayUnavailable(error.reason, sent=False) from error
        if answer.status == 404:
            raise GatewayRefused(refusal(answer))
        if answer.status != 200:
            raise GatewayUnavailable(refusal(answer), sent=False)
        return session_of(answer).converted(provider=self.provider, environment=self._config.environment)

    def find_by_reference(self, reference: str) -> list[GatewayTransaction]:
        """Raises LookupUnsupported: sessions are known by their own id only.

        An opening without an answer is safe nevertheless. Only the lost answer held the address of the page, so nobody
        can pay there; and the session ends with the payment, before which no other payment takes its charges.
        """
        raise LookupUnsupported

    def list_transactions(self, day: date, cursor: str | None) -> TransactionPage:
        """Raises ListingUnsupported: sessions are known by their own id only."""
        raise ListingUnsupported

    def void(self, provider_id: str) -> None:
        """Raises GatewayRefused: a bank debit is not taken back where it was paid. A return is made at the bank."""
        raise GatewayRefused("PSE takes nothing back")

    def parse_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """See `insure_payments.gateways.pse_events`."""
        return parse_event(body, secret_key=self._config.secret_key, environment=self._config.environment)

    def _call(self, path: str, body: dict[str, Any], *, operation: str, idempotent: bool) -> Response:
        auth = authentication(login=self._config.login, secret_key=self._config.secret_key)
        content = {"auth": auth, **body}
        return self._client.request("POST", path, operation=operation, idempotent=idempotent, json=content, mask=MASKED)

    def _opened(self, request: OpenRequest, opened: Opened) -> GatewayTransaction:
        redirect_url = web_address_or_nothing(opened.process_url)
        if not redirect_url:
            raise GatewayUnavailable("the session has no web address", sent=True)
        return GatewayTransaction(
            provider=self.provider,
            provider_id=str(opened.request_id),
            reference=request.reference,
            status=TransactionStatus.PENDING,
            amount_in_cents=request.amount_in_cents,
            currency=request.currency,
            method=PaymentMethod.PSE,
            environment=self._config.environment,
            redirect_url=redirect_url,
        )

    def _body_of(self, request: OpenRequest) -> dict[str, Any]:
        if request.method["type"] not in self.methods:
            raise GatewayRefused(f"method {request.method['type']} is not supported")
        amount: dict[str, Any] = {"currency": request.currency, "total": pesos(request.amount_in_cents)}
        if request.taxes_in_cents:
            base = pesos(request.amount_in_cents - request.taxes_in_cents)
            tax = {"kind": "valueAddedTax", "amount": pesos(request.taxes_in_cents), "base": base}
            amount["taxes"] = [tax]
        return {
            "locale": "es_CO",
            "buyer": self._buyer(request),
            "payment": {
                "reference": request.reference,
                "description": request.description,
                "amount": amount,
                "allowPartial": False,
            },
            "paymentMethod": self._config.payment_method,
            "expiration": request.expires_at.astimezone(clock.BOGOTA).isoformat(timespec="seconds"),
            "returnUrl": request.return_url,
            "ipAddress": request.client_address or "127.0.0.1",
            "userAgent": "insure",
        }

    def _buyer(self, request: OpenRequest) -> dict[str, str]:
        buyer = {
            "name": request.customer_name,
            "email": request.customer_email,
            "mobile": f"+{phone}" if (phone := international_phone(request.customer_phone)) else "",
        }
        if document_type := DOCUMENT_TYPES.get(request.method["id_type"]):
            buyer |= {"documentType": document_type, "document": request.method["id_number"]}
        return {name: value for name, value in buyer.items() if value}


def authentication(*, login: str, secret_key: str) -> dict[str, str]:
    """The `auth` of one request, with a nonce and a time of its own; PlaceToPay's clock may differ by five minutes."""
    nonce = secrets.token_hex(16)
    seed = clock.now().astimezone(clock.BOGOTA).isoformat(timespec="seconds")
    return {
        "login": login,
        "tranKey": transaction_key(nonce=nonce, seed=seed, secret_key=secret_key),
        "nonce": base64.b64encode(nonce.encode()).decode(),
        "seed": seed,
    }


def transaction_key(*, nonce: str, seed: str, secret_key: str) -> str:
    """Base64 of the SHA-1 of the raw nonce, the seed and the secret key, glued together ("authentication")."""
    digest = sha1(f"{nonce}{seed}{secret_key}".encode()).digest()  # noqa: S324 - PlaceToPay's protocol
    return base64.b64encode(digest).decode()


def pesos(amount_in_cents: int) -> str:
    """`11900050` is `119000.50`; whole pesos have no decimals."""
    whole, cents = divmod(amount_in_cents, 100)
    return f"{whole}.{cents:02}" if cents else str(whole)
