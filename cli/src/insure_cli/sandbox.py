"""The sandbox process: Wompi, PlaceToPay, CASSE, a mailbox behind one address; one place to turn their faults on."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from insure_cli.stack.people import PEOPLE
from insure_common.testing.mailbox import Mailbox
from insure_common.testing.servers import LOOPBACK
from insure_integrations.testing.casse import CasseSandbox
from insure_payments.testing.pse import PseSandbox
from insure_payments.testing.wompi import WompiSandbox

EVENTS_PATH = "/api/v1/webhooks/{provider}/"


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--smtp-port", type=int, required=True)
@click.option("--policies", type=int, required=True)
def main(*, port: int, smtp_port: int, policies: int) -> None:
    """Serve with the keys of the environment, until SIGTERM."""
    wompi = WompiSandbox(
        public_key=os.environ["WOMPI_PUBLIC_KEY"],
        private_key=os.environ["WOMPI_PRIVATE_KEY"],
        events_secret=os.environ["WOMPI_EVENTS_SECRET"],
        integrity_secret=os.environ["WOMPI_INTEGRITY_SECRET"],
    )
    pse = PseSandbox(login=os.environ["PSE_LOGIN"], secret_key=os.environ["PSE_SECRET_KEY"])
    providers: dict[str, WompiSandbox | PseSandbox] = {"wompi": wompi, "pse": pse}
    for name, provider in providers.items():
        url = os.environ["PUBLIC_BASE_URL"] + EVENTS_PATH.format(provider=name)
        provider.control_post({"events": {"url": url}})
    casse = CasseSandbox(
        policies=policies,
        client_id=os.environ["CASSE_CLIENT_ID"],
        client_secret=os.environ["CASSE_CLIENT_SECRET"],
    )
    client = PEOPLE["CLIENT"]
    casse.add_holder(id_type=client.id_type, id_number=client.id_number, full_name=client.full_name, email=client.email)
    app = build(wompi=wompi, pse=pse, casse=casse, mailbox=Mailbox(host=LOOPBACK, port=smtp_port))
    _Server(uvicorn.Config(app, host=LOOPBACK, port=port, log_level="warning")).run()


class _Server(uvicorn.Server):
    async def startup(self, *args: Any, **kwargs: Any) -> None:
        """Another stack's sandbox may answer at our port; ours says by itself when it listens."""
        await super().startup(*args, **kwargs)
        if self.started:
            Path(tempfile.gettempdir(), "sandbox.ready").touch()


def build(*, wompi: WompiSandbox, pse: PseSandbox, casse: CasseSandbox, mailbox: Mailbox) -> Starlette:
    providers: dict[str, WompiSandbox | PseSandbox] = {"wompi": wompi, "pse": pse}
    parts: dict[str, WompiSandbox | PseSandbox | CasseSandbox] = {**providers, "casse": casse}

    def show(_body: Any) -> dict[str, Any]:
        return {name: part.control_get() for name, part in parts.items()}

    def change(body: dict[str, dict[str, Any]]) -> dict[str, Any]:
        if unknown := body.keys() - parts.keys():
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        for name, changes in body.items():
            parts[name].control_post(changes)
        return show(None)

    def send_event(provider: WompiSandbox | PseSandbox, body: dict[str, Any]) -> dict[str, Any]:
        return {"statuses": provider.send_event(**body)}

    def of_casse(act: Callable[..., dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return lambda body: act(**body)

    return Starlette(
        routes=[
            Mount("/wompi", wompi.app),
            Mount("/pse", pse.app),
            Mount("/casse", casse.app),
            Mount("/mail", mailbox.app),
            Route("/control/", control(show), methods=["GET"]),
            Route("/control/", control(change), methods=["POST"]),
            *(
                Route(f"/control/{name}/events/", control(partial(send_event, provider)), methods=["POST"])
                for name, provider in providers.items()
            ),
            *(
                Route(f"/control/casse/{name}/", control(of_casse(act)), methods=["POST"])
                for name, act in (
                    ("holders", casse.add_holder),
                    ("charges", casse.add_charge),
                    ("external-payments", casse.pay_elsewhere),
                )
            ),
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


if __name__ == "__main__":
    main()
