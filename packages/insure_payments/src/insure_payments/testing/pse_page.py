"""The page of the PSE sandbox, PlaceToPay's and the bank's in one: the payer decides and goes back to the merchant."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from insure_common.money import Money, cents_from_decimal
from insure_payments.testing.bank import NOT_FOUND, back_to, bank_page
from insure_payments.testing.pse_state import OPEN, Record, State, Status

OUTCOMES: Mapping[str, Status] = {"aprobar": "APPROVED", "rechazar": "REJECTED", "error": "FAILED"}


def page_routes(state: State) -> list[Route]:
    """GET /session/{requestId}/{token} shows the page, POST /session/{requestId}/{token}/{outcome} is its answer."""

    async def page(request: Request) -> Response:
        record = state.find(request.path_params["token"])
        return _page(record) if record else NOT_FOUND

    async def decide(request: Request) -> Response:
        record = state.find(request.path_params["token"])
        status = OUTCOMES.get(request.path_params["outcome"])
        if record is None or status is None:
            return NOT_FOUND
        if state.controls.retries and status == "REJECTED" and record.status in OPEN:
            state.refuse_try(record)
            return back_to(record.page_url)
        if record.status in OPEN:
            state.finish(record, status)
        return back_to(record.session["request"]["returnUrl"])

    return [
        Route("/session/{request_id}/{token}", page),
        Route("/session/{request_id}/{token}/{outcome}", decide, methods=["POST"]),
    ]


def _page(record: Record) -> Response:
    payment = record.session["request"]["payment"]
    is_open = record.status in OPEN
    amount = Money(cents_from_decimal(str(payment["amount"]["total"])), payment["amount"]["currency"])
    texts = {
        "bank": "PlaceToPay de pruebas",
        "amount": amount.display(),
        "description": payment["description"],
        "reference": payment["reference"],
        "status": "Por autorizar" if is_open else record.status,
    }
    return bank_page(texts, url=record.page_url, outcomes=OUTCOMES if is_open else ())
