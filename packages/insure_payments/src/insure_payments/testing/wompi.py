"""A Wompi to test against: real HTTP, its real order of refusals, a bank page, signed events, faults on demand.

    sandbox = WompiSandbox()
    with serve(sandbox.app) as url:  # insure_common.testing.http
        gateway = WompiGateway(base_url=f"{url}/v1", environment="test", **sandbox.keys)
        sandbox.control_post({"mode": "sandbox", "events": {"url": "http://127.0.0.1:8000/api/v1/webhooks/wompi/"}})

`insure_payments.testing.wompi_controls` lists every switch, `wompi_outcomes` the test values of cards and telephones.
The hosted page is at `{url}/p/`. State lives in memory.
"""

import copy
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from insure_payments.testing.api import Json, Work, api_route, root_url
from insure_payments.testing.controls import ApiFault
from insure_payments.testing.sandbox import Sandbox
from insure_payments.testing.wompi_bank import bank_routes
from insure_payments.testing.wompi_checkout import checkout_routes
from insure_payments.testing.wompi_controls import Operation
from insure_payments.testing.wompi_outcomes import Status, tokenized
from insure_payments.testing.wompi_rules import Keys, check_body, invalid, not_found, refused
from insure_payments.testing.wompi_state import BANKS, Record, State

ALTERATIONS: Mapping[ApiFault, Json] = {
    "unknown_status": {"status": "IN_REVIEW"},
    "unknown_field": {"risk": {"score": 1}},
    "wrong_transaction": {"id": "10000-1000000000-10000", "reference": "SOMEBODY-ELSE"},
    "wrong_amount": {"amount_in_cents": 1},
    "wrong_currency": {"currency": "USD"},
}
FILTERS = ("id", "reference", "status", "payment_method_type", "customer_email")
LARGEST_PAGE = 200


class WompiSandbox(Sandbox[State]):
    """One merchant at Wompi: `app` for HTTP; methods, callable from any thread, for the test that owns it."""

    def __init__(
        self,
        *,
        public_url: str = "",
        public_key: str = "pub_test_local",
        private_key: str = "prv_test_local",
        events_secret: str = "test_events_local",
        integrity_secret: str = "test_integrity_local",
    ) -> None:
        """`public_url`: where payers reach `app`, without `/v1`; empty: wherever the merchant reaches it."""
        super().__init__(State(Keys(public_key, private_key, events_secret, integrity_secret)))
        self._public_url = public_url.rstrip("/")
        self.app = Starlette(
            routes=[
                self._route("/v1/merchants/info", "merchant", self._merchant_info),
                self._route("/v1/merchants/{key}", "merchant", self._merchant_by_key),
                self._route("/v1/pse/financial_institutions", "institutions", self._institutions),
                self._route("/v1/transactions", "list", self._list),
                self._route("/v1/transactions", "create", self._create, method="POST"),
                self._route("/v1/transactions/{id}", "read", self._read),
                self._tokenize_route(),
                self._route("/v1/transactions/{id}/void", "void", self._void, method="POST"),
                *bank_routes(self._state),
                *checkout_routes(self._state),
            ]
        )

    @property
    def keys(self) -> dict[str, str]:
        """public_key, private_key, events_secret and integrity_secret."""
        return asdict(self._state.keys)

    @property
    def transactions(self) -> list[Json]:
        """Every transaction as it is now, oldest first."""
        return self._state.transactions

    def finish(self, transaction: str, status: Status) -> None:
        """Give a transaction (by id or reference) its next status, as the bank would; its event goes out.

        A move that Wompi does not know, such as one out of DECLINED, changes nothing. Raises LookupError.
        """
        self._state.finish(self._state.found(transaction), status)

    # What the API does: each answers the `data` of a success or raises Refused.

    def _merchant_info(self, request: Request, _: Any) -> Json:
        return self._merchant(request.headers.get("x-merchant-public-key", ""))

    def _merchant_by_key(self, request: Request, _: Any) -> Json:
        if not self._state.controls.merchants_by_key:
            raise not_found()
        return self._merchant(request.path_params["key"])

    def _merchant(self, public_key: str) -> Json:
        self._state.keys.check(public_key)
        return {
            "id": 1,
            "name": "Comercio de pruebas",
            "legal_name": "Comercio de pruebas S.A.",
            "active": True,
            "public_key": self._state.keys.public_key,
            "accepted_payment_methods": list(self._state.controls.methods),
            "accepted_currencies": ["COP"],
            "installments_config": {"enabled": True, "available_installments": list(range(1, 37))},
            **self._state.new_documents(),
        }

    def _institutions(self, request: Request, _: Any) -> list[Json]:
        keys = self._state.keys
        keys.check(request.headers.get("authorization", ""), any_of_environment=keys.environment == "test")
        banks = BANKS[self._state.controls.mode]
        return [
            {"financial_institution_code": code, "financial_institution_name": name} for code, name in banks.items()
        ]

    def _create(self, request: Request, body: Any) -> Json:
        check_body(body)
        self._state.keys.check(request.headers.get("authorization", ""))
        self._state.use_tokens(body["acceptance_token"], body["accept_personal_auth"])
        signed = f"{body['reference']}{body['amount_in_cents']}{body['currency']}{body.get('expiration_time') or ''}"
        if body["signature"] != sha256((signed + self._state.keys.integrity_secret).encode()).hexdigest():
            raise invalid("signature", "La firma es inválida")
        if self._state.find(body["reference"]):
            raise invalid("reference", "La referencia ya ha sido usada")
        method = body["payment_method"]["type"]
        if method not in self._state.controls.methods:
            raise not_found(f"No hay una identidad de pago para {method} configurada para este comercio")
        return self._state.add(body, root=root_url(request, self._public_url))

    def _read(self, request: Request, _: Any) -> Json:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key.startswith("prv_") and key != self._state.keys.private_key:
            raise refused(403, "INVALID_ACCESS_TOKEN", "El token no tiene suficientes permisos")
        return copy.deepcopy(self._named(request).transaction)

    def _void(self, request: Request, _: Any) -> Json:
        """The wish is accepted or refused with the same 201; the transaction turns VOIDED moments later."""
        self._state.keys.check(request.headers.get("authorization", ""), private=True)
        record = self._named(request)
        is_accepted = self._state.void(record)
        return {
            "status": "APPROVED" if is_accepted else "ERROR",
            "status_message": None if is_accepted else "Original no Encontrado",
            "transaction": copy.deepcopy(record.transaction),
        }

    def _named(self, request: Request) -> Record:
        record = self._state.find(request.path_params["id"])
        if record is None or record.transaction["id"] != request.path_params["id"]:
            raise not_found()
        return record

    def _list(self, request: Request, _: Any) -> list[Json]:
        self._state.keys.check(request.headers.get("authorization", ""), private=True)
        query = request.query_params
        found = [
            transaction
            for transaction in self._state.transactions
            if all(transaction[name] == query[name] for name in FILTERS if name in query)
            and query.get("from_date", "") <= transaction["created_at"][:10] <= query.get("until_date", "9999-12-31")
        ]
        found.sort(key=lambda one: str(one["created_at"]), reverse=query.get("order", "DESC").upper() == "DESC")
        size = min(int(query.get("page_size", 25)), LARGEST_PAGE)
        start = (int(query.get("page", 1)) - 1) * size
        return found[start : start + size]

    def _tokenize(self, request: Request, body: Any) -> Json:
        card, answer = tokenized(body, authorization=request.headers.get("authorization", ""), keys=self._state.keys)
        self._state.keep_card(card)
        return answer

    def _tokenize_route(self) -> Route:
        return api_route(
            "/v1/tokens/cards",
            self._tokenize,
            operation="tokenize",
            state=self._state,
            altered=_altered,
            method="POST",
            status=201,
        )

    def _route(self, path: str, operation: Operation, work: Work, method: str = "GET") -> Route:
        return api_route(
            path,
            lambda request, body: {"data": work(request, body), "meta": {}},
            operation=operation,
            state=self._state,
            altered=_altered,
            method=method,
            status=201 if method == "POST" else 200,
        )


def _altered(content: Json, fault: ApiFault) -> Json:
    change, data = ALTERATIONS.get(fault, {}), content["data"]
    return {**content, "data": [row | change for row in data] if isinstance(data, list) else data | change}
