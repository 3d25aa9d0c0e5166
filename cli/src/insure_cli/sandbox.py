"""The sandbox process: Wompi, CASSE and a mailbox behind one address, and one place to turn their faults on."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from insure_common.testing.mailbox import Mailbox
from insure_integrations.testing.casse import CasseSandbox
from insure_payments.testing.wompi import WompiSandbox

EVENTS_PATH = "/api/v1/webhooks/wompi/"


def build(*, wompi: WompiSandbox, casse: CasseSandbox, mailbox: Mailbox) -> Starlette:
    parts = {"wompi": wompi, "casse": casse}

    def show(_body: Any) -> dict[str, Any]:
        return {name: part.control_get() for name, part in parts.items()}

    def change(body: dict[str, dict[str, Any]]) -> dict[str, Any]:
        if unknown := body.keys() - parts.keys():
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        for name, changes in body.items():
            parts[name].control_post(changes)
        return show(None)

    def send_event(body: dict[str, Any]) -> dict[str, Any]:
        return {"statuses": wompi.send_event(**body)}

    return Starlette(
        routes=[
            Mount("/wompi", wompi.app),
            Mount("/casse", casse.app),
            Mount("/mail", mailbox.app),
            Route("/control/", control(show), methods=["GET"]),
            Route("/control/", control(change), methods=["POST"]),
            Route("/control/wompi/events/", control(send_event), methods=["POST"]),
            Route("/control/casse/holders/", control(casse.add_holder), methods=["POST"]),
        ],
        lifespan=lambda _: mailbox.smtp(),
    )


def control(act: Callable[[Any], dict[str, Any]]) -> Callable[[Request], Any]:
    """A view that answers with what `act` makes of the JSON body; it may block."""

    async def view(request: Request) -> JSONResponse:
        try:
            body = await request.json() if request.method == "POST" else None
            return JSONResponse(await asyncio.to_thread(act, body))
        except LookupError as error:
            return JSONResponse({"detail": str(error)}, status_code=404)
        except (TypeError, ValueError) as error:
            return JSONResponse({"detail": str(error)}, status_code=400)

    return view
