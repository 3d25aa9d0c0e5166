"""CASSE as a server of its own, for tests and the local stack: real HTTP, a generated portfolio, faults on demand.

Written from the contract in docs (the table of calls, the rules of pages and errors); it shares no code with the
adapter, so that each checks the other.
"""

import asyncio
import base64
import hashlib
import json
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from insure_common import clock
from insure_integrations.testing.casse_controls import Controls
from insure_integrations.testing.casse_documents import policy_document
from insure_integrations.testing.casse_pages import Refusal, Walks
from insure_integrations.testing.casse_portfolio import Portfolio, Row

CALLS_KEPT = 1000

View = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Payment:
    reference: str
    amount: str
    currency: str
    charges: dict[str, str]
    """Charge reference -> what was paid of it."""
    provider_transaction: str
    reversed: bool = False


@dataclass(slots=True)
class CasseSandbox:
    """`.app` is the ASGI application; `control_get` and `control_post` are its part of /control/."""

    policies: int = 60
    seed: int = 1
    client_id: str | None = None
    """None lets any credentials in."""
    client_secret: str | None = None
    controls: Controls = field(default_factory=Controls)
    payments: dict[str, Payment] = field(default_factory=dict)
    calls: deque[str] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))
    """What was asked for last, in order: method and path."""
    portfolio: Portfolio = field(init=False)
    app: Starlette = field(init=False)
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _keys: dict[tuple[str, str], tuple[str, JSONResponse]] = field(default_factory=dict)
    _walks: Walks = field(default_factory=Walks)

    def __post_init__(self) -> None:
        self.portfolio = Portfolio(seed=self.seed)
        self.portfolio.fill(self.policies)
        self.app = Starlette(
            routes=[
                Route("/oauth/token", self._answering(self._token), methods=["POST"]),
                Route("/v1/policies", self._answering(self._list_policies)),
                Route("/v1/policies/{reference}", self._answering(self._policy)),
                Route("/v1/policies/{reference}/documents", self._answering(self._documents)),
                Route("/v1/policies/{reference}/documents/{document}", self._answering(self._document)),
                Route("/v1/charges", self._answering(self._list_charges)),
                Route("/v1/statements", self._answering(self._list_statements)),
                Route("/v1/payments", self._answering(self._pay), methods=["POST"]),
                Route("/v1/payments/{reference}/reversal", self._answering(self._reverse), methods=["POST"]),
            ]
        )

    # --- control ------------------------------------------------------------------------------------------------------

    def control_get(self) -> dict[str, Any]:
        """The controls, and what has happened: `state` is left out of account when it is posted back."""
        state = {
            "holders": len(self.portfolio.holders),
            "policies": len(self.portfolio.policies),
            "charges": len(self.portfolio.charges),
            "payments": [asdict(payment) for payment in self.payments.values()],
        }
        return {**self.controls.model_dump(mode="json"), "state": state}

    def control_post(self, changes: Mapping[str, Any]) -> None:
        """Turn switches (see Controls). Raises ValueError for an unknown name or value."""
        self.controls = self.controls.changed({name: value for name, value in changes.items() if name != "state"})

    def add_holder(self, *, id_type: str, id_number: str, full_name: str, email: str) -> dict[str, str]:
        """A holder with one VIGENTE policy (with a document) and one OPEN charge; answers their references."""
        holder, policy, charge = self.portfolio.add_holder(
            id_type=id_type, id_number=id_number, full_name=full_name, email=email
        )
        return {"holder": holder["reference"], "policy": policy["reference"], "charge": charge["reference"]}

    def add_charge(self, *, holder: str, amount: str) -> Row:
        """One more OPEN charge of a holder, due in a month and without tax. Raises LookupError for an unknown one."""
        return self.portfolio.add_charge(holder=holder, amount=amount)

    def pay_elsewhere(self, *, charge: str, amount: str) -> Row:
        """Take money for a charge at an office of the insurer, at most what is open. Raises LookupError."""
        row = self.portfolio.charges[charge]
        self._change_paid(row, min(Decimal(amount), Decimal(row["outstanding"])))
        return self.portfolio.charges[charge]

    def cancel_charge(self, *, charge: str) -> Row:
        """Cancel a charge; what was paid of it stays on it. Raises LookupError."""
        return self.portfolio.replace(self.portfolio.charges, charge, status="VOID", outstanding="0.00")

    def add_statement(self, *, holder: str, period: str, opening: str, charges: str, payments: str) -> dict[str, Any]:
        """A holder's month (YYYY-MM), or another version of it; the closing balance follows from the rest."""
        return self.portfolio.add_statement(
            holder=holder, period=period, opening=opening, charges=charges, payments=payments
        )

    def move_policy(self, reference: str, *, holder: str) -> None:
        """Give a policy to another holder, which no adapter may believe. Raises LookupError for unknown references."""
        self.portfolio.replace(self.portfolio.policies, reference, holder=self.portfolio.holders[holder])

    def forget_tokens(self) -> None:
        """Every token is refused from now on."""
        self._tokens.clear()

    # --- calls --------------------------------------------------------------------------------------------------------

    def _answering(self, view: View) -> View:
        async def answer(request: Request) -> Response:
            self.calls.append(f"{request.method} {request.url.path}")
            await asyncio.sleep(self.controls.latency_ms / 1000)
            if self.portfolio.random.random() < self.controls.error_rate:
                return HTMLResponse("<h1>503 Service Unavailable</h1>", status_code=503)
            try:
                if not request.url.path.endswith("/oauth/token"):
                    self._check_token(request)
                return await view(request)
            except Refusal as refusal:
                return refusal.answer

        return answer

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        expected = {"client_id": self.client_id, "client_secret": self.client_secret}
        if any(value is not None and form.get(name) != value for name, value in expected.items()):
            raise Refusal(401, "invalid_client", "Credenciales no válidas.")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = clock.now() + timedelta(seconds=self.controls.token_seconds)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.controls.token_seconds}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    def _check_token(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        expires_at = self._tokens.get(token)
        if expires_at is None or expires_at <= clock.now():
            raise Refusal(401, "invalid_token", "El token no es válido o venció.")

    async def _list_policies(self, request: Request) -> Response:
        return self._walks.page(request.query_params, self.portfolio.policies, self.controls)

    async def _list_charges(self, request: Request) -> Response:
        return self._walks.page(request.query_params, self.portfolio.charges, self.controls)

    async def _list_statements(self, request: Request) -> Response:
        period = request.query_params.get("period", "")
        rows = {name: row for name, row in self.portfolio.statements.items() if row["period"] == period}
        return self._walks.page(request.query_params, rows, self.controls)

    async def _policy(self, request: Request) -> Response:
        return JSONResponse(self._find_policy(request))

    async def _documents(self, request: Request) -> Response:
        policy = self._find_policy(request)
        content = policy_document(policy)
        document = {
            "reference": f"{policy['reference']}-CARATULA",
            "name": f"Poliza {policy['number']}.pdf",
            "content_type": "application/pdf",
            "sha256": hashlib.sha256(content).hexdigest(),
            "issued_on": policy["starts_on"],
        }
        return JSONResponse({"results": [document]})

    async def _document(self, request: Request) -> Response:
        policy = self._find_policy(request)
        if request.path_params["document"] != f"{policy['reference']}-CARATULA":
            raise Refusal(404, "not_found", "No existe.")
        content = policy_document(policy)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return Response(content, media_type="application/pdf", headers={"Digest": f"sha-256={digest}"})

    async def _pay(self, request: Request) -> Response:
        body = await self._body(request)
        return self._once(request, body, lambda: self._record_payment(body))

    async def _reverse(self, request: Request) -> Response:
        body = await self._body(request)
        return self._once(request, body, lambda: self._reverse_payment(request.path_params["reference"]))

    # --- rules --------------------------------------------------------------------------------------------------------

    def _find_policy(self, request: Request) -> Row:
        policy = self.portfolio.policies.get(request.path_params["reference"])
        if policy is None:
            raise Refusal(404, "not_found", "No existe.")
        return policy

    async def _body(self, request: Request) -> dict[str, Any]:
        try:
            body = json.loads(await request.body())
        except ValueError:
            raise Refusal(400, "not_json", "El cuerpo no es JSON.") from None
        if not isinstance(body, dict):
            raise Refusal(400, "not_an_object", "El cuerpo no es un objeto.")
        return body

    def _once(self, request: Request, body: dict[str, Any], effect: Callable[[], dict[str, Any]]) -> JSONResponse:
        """The effect once for each Idempotency-Key; the same key with another body is a 409."""
        key = request.headers.get("idempotency-key", "")
        if not key:
            raise Refusal(400, "idempotency_key_required", "Falta Idempotency-Key.")
        fingerprint = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        if (request.url.path, key) in self._keys:
            known, answer = self._keys[request.url.path, key]
            if known != fingerprint:
                raise Refusal(409, "idempotency_key_reused", "La llave ya se usó con otra solicitud.")
            return answer
        answer = JSONResponse(effect(), status_code=201)
        self._keys[request.url.path, key] = fingerprint, answer
        return answer

    def _record_payment(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            reference, left = str(body["reference"]), Decimal(body["amount"])
            charges = [self.portfolio.charges[charge] for charge in body["charges"]]
        except (KeyError, TypeError, InvalidOperation):
            raise Refusal(422, "invalid_payment", "El pago no es válido.") from None
        if any(charge["status"] == "VOID" for charge in charges):
            raise Refusal(422, "charge_void", "El cobro está anulado.")
        if reference in self.payments:
            raise Refusal(409, "payment_known", "El pago ya se registró con otra llave.")
        shares: dict[str, str] = {}
        for charge in charges:
            share = min(left, Decimal(charge["outstanding"]))
            left -= share
            shares[charge["reference"]] = f"{share:.2f}"
            self._change_paid(charge, share)
        self.payments[reference] = Payment(
            reference=reference,
            amount=body["amount"],
            currency=str(body.get("currency", "COP")),
            charges=shares,
            provider_transaction=str(body.get("provider_transaction", "")),
        )
        return asdict(self.payments[reference])

    def _reverse_payment(self, reference: str) -> dict[str, Any]:
        payment = self.payments.get(reference)
        if payment is None:
            raise Refusal(404, "not_found", "No existe.")
        if not payment.reversed:
            for charge, share in payment.charges.items():
                self._change_paid(self.portfolio.charges[charge], -Decimal(share))
            payment.reversed = True
        return asdict(payment)

    def _change_paid(self, charge: Row, share: Decimal) -> None:
        paid = Decimal(charge["paid"]) + share
        is_void = charge["status"] == "VOID"
        outstanding = Decimal(0) if is_void else Decimal(charge["amount"]) - paid
        self.portfolio.replace(
            self.portfolio.charges,
            charge["reference"],
            paid=f"{paid:.2f}",
            outstanding=f"{outstanding:.2f}",
            status="VOID" if is_void else "OPEN" if outstanding else "PAID",
        )
