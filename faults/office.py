"""The insurer: an administrator who charges and cancels, and a bank office that takes money for charges itself."""

import threading
from typing import Any
from uuid import uuid4

from faults.auditor import Account, Auditor, Debt
from faults.clients import Client, GaveUp, Json, Lost
from faults.stack import Stack

NUMBER = 60_000
"""Apart from every payer's."""


class Office(Client):
    """Every method may be called by any thread, and comes back when it is certain that the thing was done."""

    def __init__(self, *, stack: Stack, auditor: Auditor, seed: int) -> None:
        given = stack.state["accounts"]["ADMIN"]
        account = Account(given["email"], state="given")
        super().__init__(NUMBER, seed=seed, stack=stack, auditor=auditor, account=account, password=given["password"])
        self._lock = threading.Lock()

    def make_charge(self, user: str, *, amount_in_cents: int) -> str:
        """The id of a new charge."""
        amount = {"amount_in_cents": amount_in_cents, "currency": "COP"}
        return str(
            self._surely(
                "admin/charges/",
                {
                    "user": user,
                    "concept": "Deducible",
                    "amount": amount,
                    "tax": {**amount, "amount_in_cents": amount_in_cents * 19 // 119},
                    "due_date": "2099-12-31",
                    "reason": "Siniestro de prueba",
                },
            )["id"]
        )

    def void(self, debt: Debt) -> None:
        debt.is_void = True
        self._surely(f"admin/charges/{debt.charge}/void/", {"reason": "Cobro equivocado"})

    def take_money(self, debt: Debt, *, amount_in_cents: int) -> None:
        """Paid at an office of the insurer: the core system tells of it with the next synchronisation."""
        debt.elsewhere_in_cents += amount_in_cents
        body = {"charge": debt.reference, "amount": f"{amount_in_cents / 100:.2f}"}
        self._sandbox.post("/control/casse/external-payments/", json=body).raise_for_status()

    def _surely(self, path: str, body: Json) -> Json:
        key = str(uuid4())

        def attempt() -> Any:
            answer = self._call("POST", path, body, key=key)
            if answer.is_success:
                return answer.json()
            if answer.json()["code"] == "idempotency_key_in_use":
                raise Lost
            self._complain(f"V2 the office was refused {path}: {answer.text}")
            raise GaveUp(path)

        with self._lock:
            if not self._refresh_token:
                self._sign_in()
            result: Json = self._patiently(attempt, path)
            return result
