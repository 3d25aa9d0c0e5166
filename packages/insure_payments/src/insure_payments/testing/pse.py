"""A PlaceToPay to test against: real HTTP, its credentials and their errors, its page, signed notifications, faults.

    sandbox = PseSandbox()
    with serve(sandbox.app) as url:  # insure_common.testing.http
        gateway = PseGateway(base_url=url, environment="test", **sandbox.keys)
        sandbox.control_post({"events": {"url": "http://127.0.0.1:8000/api/v1/webhooks/pse/"}})

`insure_payments.testing.pse_controls` lists every switch. State lives in memory. As at PlaceToPay, a reference may be
used again, which opens another session, and a session whose time is over ends by itself.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from insure_common.money import cents_from_decimal
from insure_payments.testing.api import Json, Work, api_route, root_url
from insure_payments.testing.controls import ApiFault
from insure_payments.testing.pse_controls import Operation
from insure_payments.testing.pse_page import page_routes
from insure_payments.testing.pse_rules import Keys, check_body, failed, status_of
from insure_payments.testing.pse_state import State, Status
from insure_payments.testing.sandbox import Sandbox


class PseSandbox(Sandbox[State]):
    """One merchant at PlaceToPay: `app` for HTTP; methods, callable from any thread, for the test that owns it."""

    def __init__(
        self, *, public_url: str = "", login: str = "pse_login_local", secret_key: str = "pse_secret_local"
    ) -> None:
        """`public_url`: where payers reach `app`; empty: wherever the merchant reaches it."""
        super().__init__(State(Keys(login, secret_key)))
        self._public_url = public_url.rstrip("/")
        self.app = Starlette(
            routes=[
                self._route("/api/session", "create", self._create),
                self._route("/api/session/{id}", "read", self._read),
                *page_routes(self._state),
            ]
        )

    @property
    def keys(self) -> dict[str, str]:
        """login and secret_key."""
        return asdict(self._state.keys)

    def control_get(self) -> Json:
        """The state of every switch; and as `state`, which `control_post` leaves out, how each session stands."""
        return {**super().control_get(), "state": [_summary(session) for session in self.sessions]}

    def control_post(self, changes: Mapping[str, Any]) -> Json:
        return super().control_post({name: value for name, value in changes.items() if name != "state"})

    @property
    def sessions(self) -> list[Json]:
        """Every session as it is now, oldest first."""
        return self._state.sessions

    def finish(self, session: str, status: Status) -> None:
        """Give a session (by id or reference) its next status; its notification goes out if that is an end.

        A move that PlaceToPay does not know, such as one out of REJECTED, changes nothing. Raises LookupError.
        """
        self._state.finish(self._state.found(session), status)

    def _create(self, request: Request, body: Any) -> Json:
        self._state.keys.check(body)
        check_body(body)
        record = self._state.add(body, root=root_url(request, self._public_url))
        return {
            "status": status_of("OK", "PC", "La petición se ha procesado correctamente"),
            "requestId": record.session["requestId"],
            "processUrl": record.page_url,
        }

    def _read(self, request: Request, body: Any) -> Json:
        self._state.keys.check(body)
        name = request.path_params["id"]
        record = self._state.find(name) if name.isascii() and name.isdigit() else None
        if record is None:
            raise failed(404, "La sesión no existe", "404")
        return copy.deepcopy(record.session)

    def _route(self, path: str, operation: Operation, work: Work) -> Route:
        return api_route(path, work, operation=operation, state=self._state, altered=_altered, method="POST")


def _altered(content: Json, fault: ApiFault) -> Json:
    if alter := ALTERATIONS.get(fault):
        content = copy.deepcopy(content)
        alter(content)
    return content


def _of_somebody_else(session: Json) -> None:
    session["requestId"] = 1
    session["request"]["payment"]["reference"] = "SOMEBODY-ELSE"


def _amounts(session: Json) -> list[Json]:
    """Every place in a session where an amount stands."""
    return [session["request"]["payment"]["amount"], *(one["amount"]["to"] for one in session["payment"] or ())]


def _with_another_amount(session: Json) -> None:
    for amount in _amounts(session):
        amount["total"] = "0.01"


def _in_another_currency(session: Json) -> None:
    for amount in _amounts(session):
        amount["currency"] = "USD"


ALTERATIONS: Mapping[ApiFault, Callable[[Json], None]] = {
    "unknown_status": lambda content: content["status"].update(status="IN_REVIEW"),
    "unknown_field": lambda content: content.update(risk={"score": 1}),
    "wrong_transaction": _of_somebody_else,
    "wrong_amount": _with_another_amount,
    "wrong_currency": _in_another_currency,
}
"""What is wrong with an answer; all but the first two are about a session."""


def _summary(session: Json) -> Json:
    payment = session["request"]["payment"]
    return {
        "reference": payment["reference"],
        "status": session["status"]["status"],
        "amount_in_cents": cents_from_decimal(str(payment["amount"]["total"])),
    }
