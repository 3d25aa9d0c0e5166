"""The hosted page of the Wompi sandbox: the payer chooses method and outcome, and may try again under one reference.

GET /p/?public-key=...&signature:integrity=... shows it; POST /p/{outcome} with the same query and `method` in the form
is an attempt, which gets a transaction of its own. What the page refuses it says in Wompi's words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from insure_common import clock
from insure_common.money import Money
from insure_payments.testing.api import Json
from insure_payments.testing.bank import back_to
from insure_payments.testing.wompi_outcomes import Outcome, Status
from insure_payments.testing.wompi_rules import MINIMUM_IN_CENTS
from insure_payments.testing.wompi_state import State

PAGE = Template(files(__package__).joinpath("wompi_checkout.html").read_text())
ORDER = Template("""\
$notice
<h1>Vas a pagar</h1>
<div class="amount">$amount</div>
<dl>
  <div><dt>IVA incluido</dt><dd>$vat</dd></div>
  <div><dt>Pagador</dt><dd>$payer</dd></div>
  <div><dt>Referencia</dt><dd>$reference</dd></div>
  <div><dt>Vence a las</dt><dd>$expires</dd></div>
</dl>
<form method="post">
  <fieldset><legend>¿Cómo quieres pagar?</legend>$methods</fieldset>
  <div class="buttons">$buttons</div>
</form>
""")
REQUIRED = ("public-key", "currency", "amount-in-cents", "reference", "signature:integrity")
METHODS = {
    "CARD": "Tarjeta de crédito o débito",
    "PSE": "PSE: débito desde tu cuenta",
    "NEQUI": "Nequi",
    "BANCOLOMBIA_TRANSFER": "Botón Bancolombia",
}
OUTCOMES: Mapping[str, tuple[str, Status | None]] = {
    "aprobar": ("Aprobar", "APPROVED"),
    "rechazar": ("Rechazar", "DECLINED"),
    "error": ("Error", "ERROR"),
    "pendiente": ("Dejar pendiente", None),
}
FAILED = ("DECLINED", "ERROR")
RETRY_FOR = timedelta(minutes=3)


class PageRefused(Exception):
    """The page cannot be paid on, for this reason."""


@dataclass(frozen=True)
class Order:
    """What a valid address asks for."""

    reference: str
    amount_in_cents: int
    currency: str
    expires_at: datetime | None
    return_url: str
    email: str
    full_name: str
    vat_in_cents: int


def checkout_routes(state: State) -> list[Route]:
    async def show(request: Request) -> Response:
        try:
            order = _order(request.query_params, state)
            _check_is_payable(order, state)
        except PageRefused as refusal:
            return _refused(str(refusal), request.query_params.get("redirect-url", ""))
        return HTMLResponse(_page(order, state, query=request.url.query))

    async def pay(request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"))
        method = form.get("method", [""])[0]
        try:
            _label, status = OUTCOMES[request.path_params["outcome"]]
            with state.lock:
                order = _order(request.query_params, state)
                _check_is_payable(order, state)
                if method not in state.controls.methods:
                    raise PageRefused("Elige un medio de pago")
                transaction = _attempt(order, method, status, state)
        except KeyError:
            return _refused("Resultado desconocido", "")
        except PageRefused as refusal:
            return _refused(str(refusal), request.query_params.get("redirect-url", ""))
        if status in FAILED:
            return RedirectResponse(f"./?{request.url.query}", status_code=303)
        return back_to(order.return_url or str(request.url), id=transaction["id"], env=state.keys.environment)

    return [Route("/p/", show), Route("/p/{outcome}", pay, methods=["POST"])]


def _order(query: Mapping[str, str], state: State) -> Order:
    """Raises PageRefused for a wrong or expired address, its signature included."""
    if missing := [name for name in REQUIRED if not query.get(name)]:
        raise PageRefused(f"{missing[0]}: No está presente")
    if query["public-key"] != state.keys.public_key:
        raise PageRefused("La llave pública no es válida")
    if query["currency"] != "COP":
        raise PageRefused("currency: Debe ser igual a COP")
    if not re.fullmatch("[0-9]{1,15}", query["amount-in-cents"]):
        raise PageRefused("amount-in-cents: Debe ser un número entero")
    expiration = query.get("expiration-time", "")
    signed = f"{query['reference']}{query['amount-in-cents']}{query['currency']}{expiration}"
    if query["signature:integrity"] != sha256((signed + state.keys.integrity_secret).encode()).hexdigest():
        raise PageRefused("La firma es inválida")
    if int(query["amount-in-cents"]) < MINIMUM_IN_CENTS:
        raise PageRefused("El monto mínimo de una transacción es $1,500 exceptuando impuestos")
    try:
        expires_at = datetime.fromisoformat(expiration) if expiration else None
    except ValueError:
        raise PageRefused("expiration-time: formato inválido") from None
    if expires_at and expires_at <= clock.now():
        raise PageRefused("El tiempo para pagar expiró")
    return Order(
        reference=query["reference"],
        amount_in_cents=int(query["amount-in-cents"]),
        currency=query["currency"],
        expires_at=expires_at,
        return_url=query.get("redirect-url", ""),
        email=query.get("customer-data:email", ""),
        full_name=query.get("customer-data:full-name", ""),
        vat_in_cents=int(query.get("tax-in-cents:vat") or 0),
    )


def _check_is_payable(order: Order, state: State) -> None:
    """Raises PageRefused once it was paid, or if the last attempt failed too long ago.

    While an attempt is pending the page may be opened again, as in a second tab: that is how a payer pays twice.
    """
    attempts = state.attempts(order.reference)
    if any(attempt["status"] in ("APPROVED", "VOIDED") for attempt in attempts):
        raise PageRefused("Este pago ya fue realizado")
    if attempts and attempts[-1]["status"] in FAILED and clock.now() > _retry_until(attempts[-1]):
        raise PageRefused("El tiempo para reintentar el pago terminó")


def _retry_until(attempt: Json) -> datetime:
    return datetime.fromisoformat(attempt["finalized_at"]) + RETRY_FOR


def _attempt(order: Order, method: str, status: Status | None, state: State) -> Json:
    body = {
        "amount_in_cents": order.amount_in_cents,
        "currency": order.currency,
        "reference": order.reference,
        "customer_email": order.email or "pagador@example.com",
        "customer_data": {"full_name": order.full_name},
        "redirect_url": order.return_url or None,
        "taxes": [{"type": "VAT", "amount_in_cents": order.vat_in_cents}] if order.vat_in_cents else [],
        "payment_method": {"type": method},
    }
    record = state.begin(body, outcome=Outcome())
    if status:
        state.finish(record, status)
    return record.transaction


def _page(order: Order, state: State, *, query: str) -> str:
    attempts = state.attempts(order.reference)
    notice = ""
    if attempts and attempts[-1]["status"] in FAILED:
        until = _retry_until(attempts[-1]).astimezone(clock.BOGOTA)
        why = attempts[-1]["status_message"]
        notice = f'<p class="notice">{escape(why)}. Puedes intentar de nuevo hasta las {until:%H:%M:%S}.</p>'
    methods = [method for method in METHODS if method in state.controls.methods]
    expires = f"{order.expires_at.astimezone(clock.BOGOTA):%H:%M}" if order.expires_at else "-"
    texts = {
        "amount": Money(order.amount_in_cents, order.currency).display(),
        "vat": Money(order.vat_in_cents, order.currency).display(),
        "reference": order.reference,
        "payer": order.full_name or order.email or "-",
        "expires": expires,
    }
    content = ORDER.substitute(
        {name: escape(text) for name, text in texts.items()},
        notice=notice,
        methods="".join(_choice(method, is_first=method == methods[0]) for method in methods),
        buttons="".join(_button(outcome, query) for outcome in OUTCOMES),
    )
    return PAGE.substitute(content=content, back=_link_back(order.return_url))


def _choice(method: str, *, is_first: bool) -> str:
    checked = " checked" if is_first else ""
    return f'<label><input type="radio" name="method" value="{method}"{checked}> {METHODS[method]}</label>'


def _button(outcome: str, query: str) -> str:
    style = ' class="primary"' if outcome == "aprobar" else ""
    return f'<button formaction="{escape(f"{outcome}?{query}")}"{style}>{OUTCOMES[outcome][0]}</button>'


def _link_back(url: str) -> str:
    is_web = url.startswith(("http://", "https://"))
    return f'<p><a href="{escape(url)}">Volver al comercio</a></p>' if is_web else ""


def _refused(reason: str, return_url: str) -> HTMLResponse:
    content = f'<p class="notice">{escape(reason)}.</p><h1>No es posible pagar en esta página</h1>'
    return HTMLResponse(PAGE.substitute(content=content, back=_link_back(return_url)), status_code=422)
