"""The bank behind the Wompi sandbox: a page where the payer decides, and the way back to the merchant."""

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from insure_common.money import Money
from insure_payments.testing.wompi_state import BANKS, Record, State, Status

PAGE = Template(files(__package__).joinpath("wompi_bank.html").read_text())
OUTCOMES: Mapping[str, tuple[str, Status]] = {
    "aprobar": ("Aprobar", "APPROVED"),
    "rechazar": ("Rechazar", "DECLINED"),
    "error": ("Error", "ERROR"),
}
NOT_FOUND = HTMLResponse("<p>El pago no existe.</p>", status_code=404)


def bank_routes(state: State) -> list[Route]:
    """GET /v1/pse/redirect?ticket_id= shows the page, POST /v1/pse/redirect/{outcome}?ticket_id= is its answer."""

    async def page(request: Request) -> Response:
        record = state.find(request.query_params.get("ticket_id", ""))
        return HTMLResponse(_page(record)) if record else NOT_FOUND

    async def decide(request: Request) -> Response:
        record = state.find(request.query_params.get("ticket_id", ""))
        outcome = OUTCOMES.get(request.path_params["outcome"])
        if record is None or outcome is None:
            return NOT_FOUND
        state.finish(record, outcome[1])
        returned = urlencode({"id": record.transaction["id"], "env": state.keys.environment})
        back = urlsplit(record.transaction["redirect_url"] or record.bank_url)
        query = f"{back.query}&{returned}" if back.query else returned
        return RedirectResponse(back._replace(query=query).geturl(), status_code=303)

    return [Route("/v1/pse/redirect", page), Route("/v1/pse/redirect/{outcome}", decide, methods=["POST"])]


def _page(record: Record) -> str:
    transaction, method = record.transaction, record.transaction["payment_method"]
    is_open = transaction["status"] == "PENDING"
    texts = {
        "bank": BANKS[record.mode].get(method["financial_institution_code"], "Banco de pruebas"),
        "amount": Money(transaction["amount_in_cents"], transaction["currency"]).display(),
        "description": method["payment_description"],
        "reference": transaction["reference"],
        "status": "Por autorizar" if is_open else transaction["status"],
    }
    forms = "".join(_form(record, name) for name in OUTCOMES) if is_open else ""
    return PAGE.substitute({name: escape(text) for name, text in texts.items()}, forms=forms)


def _form(record: Record, name: str) -> str:
    url = urlsplit(record.bank_url)
    label, status = OUTCOMES[name]
    style = ' class="primary"' if status == "APPROVED" else ""
    action = escape(f"{url.path}/{name}?{url.query}")
    return f'<form method="post" action="{action}"><button{style}>{label}</button></form>'
