"""Wompi (Colombia): PSE, cards, and its hosted page.

Source: docs.wompi.co/docs/colombia, "métodos de pago" and "errores".
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from insure_integrations.public import ResilientClient, SystemUnreachable
from insure_payments.enums import HOSTED_METHODS, PaymentMethod
from insure_payments.gateways.base import (
    AcceptanceOutdated,
    AcceptedDocument,
    GatewayRefused,
    GatewayTransaction,
    GatewayUnavailable,
    HostedPage,
    Institution,
    Notification,
    OpenRequest,
    TransactionPage,
)
from insure_payments.gateways.edge import A, international_phone, parsed
from insure_payments.gateways.wompi_answers import (
    Banks,
    Merchant,
    MerchantInfo,
    OneTransaction,
    OneVoid,
    Transaction,
    Transactions,
    refusal,
)
from insure_payments.gateways.wompi_checkout import hosted_page
from insure_payments.gateways.wompi_config import WompiConfig, configuration_problems
from insure_payments.gateways.wompi_events import parse_event
from insure_payments.gateways.wompi_methods import payment_method
from insure_payments.gateways.wompi_signature import integrity_signature

PLACEHOLDER_INSTITUTION = "0"
PAGE_SIZE = 200
"""The most that Wompi gives."""
REFERENCE_USED = "La referencia ya ha sido usada"
ACCEPTED_VOIDS = ("APPROVED", "PENDING")
MASKED = ("async_payment_url", "reference_one")
"""Fields that must not stay readable in the call log: the payer's way into the bank page, the payer's address."""


class WompiGateway:
    """A `Gateway`, constructed with the fields of WompiConfig."""

    provider = "WOMPI"
    methods = (PaymentMethod.PSE, PaymentMethod.CARD, PaymentMethod.CHECKOUT)
    asks_itself = ()

    def __init__(self, **options: Any) -> None:
        self._config = WompiConfig.model_validate(options)
        self._client = ResilientClient(
            system=self.provider, base_url=self._config.base_url, read_seconds=self._config.read_seconds
        )

    @classmethod
    def configuration_problems(cls, **options: Any) -> list[str]:
        """See `Gateway`: also a key, address and environment that do not belong together."""
        return configuration_problems(options)

    def list_methods(self) -> list[PaymentMethod]:
        """Those that the merchant has enabled at Wompi, all if it does not say, and the page that offers them."""
        enabled = {*(self._merchant().accepted_payment_methods or self.methods), *HOSTED_METHODS}
        return [method for method in self.methods if method in enabled]

    def list_institutions(self) -> list[Institution]:
        """The banks of PSE, without the entry that only says "choose a bank"."""
        path = "/pse/financial_institutions"
        banks = self._read(path, "wompi.institutions", Banks, headers=bearer(self._config.public_key)).data
        return [
            Institution(bank.financial_institution_code, bank.financial_institution_name)
            for bank in banks
            if bank.financial_institution_code != PLACEHOLDER_INSTITUTION
        ]

    def accepted_documents(self) -> list[AcceptedDocument]:
        """Terms of use and data protection of Wompi; the tokens that come with them are not kept."""
        return [AcceptedDocument(document.type, document.permalink) for document in self._merchant().documents]

    def open(self, request: OpenRequest) -> GatewayTransaction | HostedPage:
        """The hosted page, or a transaction created with fresh acceptance tokens, which serve one attempt only.

        There is no idempotency header at Wompi: the unique reference plays that part. If it "has been used", an
        earlier request did arrive, and its transaction is the answer.
        """
        if request.method["type"] in HOSTED_METHODS:
            return hosted_page(request, self._config)
        body = self._body_of(request, self._accepted_merchant(request))
        try:
            answer = self._client.request(
                "POST",
                "/transactions",
                operation="wompi.open",
                idempotent=False,
                json=body,
                headers=bearer(self._config.private_key),
                mask=MASKED,
            )
        except SystemUnreachable as error:
            raise GatewayUnavailable(error.reason, sent=error.sent) from error
        if answer.status == 201:
            return self._convert(parsed(OneTransaction, answer, sent=True).data)
        if answer.status == 429:
            raise GatewayUnavailable("HTTP 429", sent=False)
        if not 400 <= answer.status < 500:
            raise GatewayUnavailable(f"HTTP {answer.status}", sent=True)
        refused = refusal(answer)
        if REFERENCE_USED in refused.fields.get("reference", ()):
            return self._opened_before(request.reference)
        raise GatewayRefused(refused.message)

    def fetch(self, provider_id: str) -> GatewayTransaction:
        """GET /transactions/{id}. Raises GatewayRefused if Wompi does not know the id."""
        path = f"/transactions/{quote(provider_id, safe='')}"
        answer = self._read(path, "wompi.fetch", OneTransaction, headers=bearer(self._config.private_key))
        return self._convert(answer.data)

    def find_by_reference(self, reference: str) -> list[GatewayTransaction]:
        """GET /transactions?reference=. Raises GatewayUnavailable if the answer is about something else."""
        rows = self._read(
            "/transactions",
            "wompi.find_by_reference",
            Transactions,
            headers=bearer(self._config.private_key),
            params={"reference": reference},
        ).data
        if any(row.reference != reference for row in rows):
            raise GatewayUnavailable("the answer is about another reference", sent=False)
        return [self._convert(row) for row in rows]

    def list_transactions(self, day: date, cursor: str | None) -> TransactionPage:
        """GET /transactions with dates, whose days are taken to be those of UTC; `cursor` is a page's number."""
        number = int(cursor or 1)
        rows = self._read(
            "/transactions",
            "wompi.list_transactions",
            Transactions,
            headers=bearer(self._config.private_key),
            params={
                "from_date": day.isoformat(),
                "until_date": (day + timedelta(days=1)).isoformat(),
                "order_by": "created_at",
                "order": "ASC",
                "page": str(number),
                "page_size": str(PAGE_SIZE),
            },
        ).data
        return TransactionPage(
            transactions=[self._convert(row) for row in rows if row.bogota_day() in (None, day)],
            next_cursor=str(number + 1) if len(rows) >= PAGE_SIZE else None,
        )

    def void(self, provider_id: str) -> None:
        """POST /transactions/{id}/void: cards only, before the settlement of the day.

        A refusal may come with HTTP 201 too, and an acceptance with an empty body ("anulaciones").
        """
        path = f"/transactions/{quote(provider_id, safe='')}/void"
        try:
            answer = self._client.request(
                "POST",
                path,
                operation="wompi.void",
                idempotent=False,
                headers=bearer(self._config.private_key),
                mask=MASKED,
            )
        except SystemUnreachable as error:
            raise GatewayUnavailable(error.reason, sent=error.sent) from error
        if answer.status == 429:
            raise GatewayUnavailable("HTTP 429", sent=False)
        if 400 <= answer.status < 500:
            raise GatewayRefused(refusal(answer).message)
        if answer.status != 201:
            raise GatewayUnavailable(f"HTTP {answer.status}", sent=True)
        if answer.body and (void := parsed(OneVoid, answer, sent=True).data).status not in ACCEPTED_VOIDS:
            raise GatewayRefused(void.status_message or void.status)

    def parse_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """See `insure_payments.gateways.wompi_events`."""
        return parse_event(headers, body, events_secret=self._config.events_secret)

    def _merchant(self) -> Merchant:
        headers = {"x-merchant-public-key": self._config.public_key}
        return self._read("/merchants/info", "wompi.merchant", MerchantInfo, headers=headers).data

    def _accepted_merchant(self, request: OpenRequest) -> Merchant:
        merchant = self._merchant()
        if not {document.permalink for document in merchant.documents} <= set(request.accepted_documents):
            raise AcceptanceOutdated
        return merchant

    def _body_of(self, request: OpenRequest, merchant: Merchant) -> dict[str, Any]:
        return {
            "amount_in_cents": request.amount_in_cents,
            "currency": request.currency,
            "reference": request.reference,
            "signature": integrity_signature(
                reference=request.reference,
                amount_in_cents=request.amount_in_cents,
                currency=request.currency,
                integrity_secret=self._config.integrity_secret,
            ),
            "customer_email": request.customer_email,
            "acceptance_token": merchant.presigned_acceptance.acceptance_token,
            "accept_personal_auth": merchant.presigned_personal_data_auth.acceptance_token,
            "redirect_url": request.return_url,
            "customer_data": {
                "full_name": request.customer_name,
                "phone_number": international_phone(request.customer_phone),
            },
            "taxes": [{"type": "VAT", "amount_in_cents": request.taxes_in_cents}] if request.taxes_in_cents else [],
            "payment_method": payment_method(request, document_types=self._config.document_types),
        }

    def _opened_before(self, reference: str) -> GatewayTransaction:
        try:
            return self.find_by_reference(reference)[0]
        except (GatewayUnavailable, GatewayRefused, IndexError) as error:
            raise GatewayUnavailable("the reference has been used, but cannot be read", sent=True) from error

    def _read(self, path: str, operation: str, form: type[A], **request: Any) -> A:
        """A call without effect: whatever becomes of it, nothing was sent that matters."""
        try:
            answer = self._client.request("GET", path, operation=operation, idempotent=True, mask=MASKED, **request)
        except SystemUnreachable as error:
            raise GatewayUnavailable(error.reason, sent=False) from error
        if answer.status == 404:
            raise GatewayRefused(refusal(answer).message)
        if answer.status != 200:
            raise GatewayUnavailable(refusal(answer).message, sent=False)
        return parsed(form, answer, sent=False)

    def _convert(self, row: Transaction) -> GatewayTransaction:
        return row.converted(provider=self.provider, environment=self._config.environment)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
