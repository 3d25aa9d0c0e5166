"""The bank's page of the Wompi sandbox."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from insure_common.money import Money
from insure_payments.testing.bank import NOT_FOUND, back_to, bank_page
from insure_payments.testing.wompi_outcomes import Status
from insure_payments.testing.wompi_state import BANKS, Record, State

OUTCOMES: Mapping[str, Status] = {"aprobar": "APPROVED", "rechazar": "DECLINED", "error": "ERROR"}


def bank_routes(state: State) -> list[Route]:
    """GET /v1/pse/redirect?ticket_id= shows the page, POST /v1/pse/redirect/{outcome}?ticket_id= is its answer."""

    async def page(request: Request) -> Response:
        record = state.find(request.query_params.get("ticket_id", ""))
        return _page(record) if record else NOT_FOUND

    async def decide(request: Request) -> Response:
        record = state.find(request.query_params.get("ticket_id", ""))
        status = OUTCOMES.get(request.path_params["outcome"])
        if record is None or status is None:
            return NOT_FOUND
        state.finish(record, status)
        transaction = record.transaction
        back = transaction["redirect_url"] or record.bank_url
        return back_to(back, id=transaction["id"], env=state.keys.environment)

    return [Route("/v1/pse/redirect", page), Route("/v1/pse/redirect/{outcome}", decide, methods=["POST"])]


def _place(record: Record) -> Mapping[str, str]:
    """Whose page it is: the bank of PSE, or the one that issued the card and asks for more than its number."""
    method = record.transaction["payment_method"]
    if method["type"] == "CARD":
        return {"bank": "Banco emisor", "place": "Verificación de tu tarjeta · 3-D Secure"}
    return {"bank": BANKS[record.mode].get(method.get("financial_institution_code"), "Banco de pruebas")}


def _page(record: Record) -> Response:
    transaction, method = record.transaction, record.transaction["payment_method"]
    is_open = transaction["status"] == "PENDING"
    texts = {
        **_place(record),
        "amount": Money(transaction["amount_in_cents"], transaction["currency"]).display(),
        "description": method.get("payment_description", "Compra en línea"),
        "reference": transaction["reference"],
        "status": "Por autorizar" if is_open else transaction["status"],
    }
    return bank_page(texts, url=record.bank_url, outcomes=OUTCOMES if is_open else ())
