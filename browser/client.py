"""The client of the local stack, as the app acts for them: over HTTP."""

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from faults.stack import Stack

Json = dict[str, Any]

PATIENCE = 60.0
PARTS = 8
"""In how many payments the one charge is paid; more than the tests make."""


class Client:
    """Signed in as CLIENT."""

    def __init__(self, stack: Stack) -> None:
        account = stack.state["accounts"]["CLIENT"]
        self._http = httpx.Client(base_url=f"{stack.state['web']}/api/v1/", timeout=20, trust_env=False)
        challenge = self._post("auth/login/", account)
        mails = _until(lambda: stack.sandbox.get("/mail/messages/", params={"to": account["email"]}).json())
        (code,) = re.findall(r"(?<!\d)\d{6}(?!\d)", mails[0]["text"])
        tokens = self._post("auth/otp/verify/", {"challenge_id": challenge["challenge_id"], "code": code})
        self._http.headers["Authorization"] = f"Bearer {tokens['access']}"

    def pay(self, *, method: Json, provider: str = "WOMPI") -> Json:
        """Start to pay a part of what is owed; the payment once its page is known."""
        charge = self._rows("charges/")[0]
        offer = _until(lambda: self._get("payment-methods/"), lambda offer: offer["accepted_documents"])
        order = {
            "charge_ids": [charge["id"]],
            "amount_in_cents": charge["amount"]["amount_in_cents"] // PARTS,
            "method": method,
            "provider": provider,
            "accepted_documents": [document["permalink"] for document in offer["accepted_documents"]],
        }
        return self.wait_for(self._post("payments/", order), lambda payment: payment["redirect_url"])

    def pse(self) -> Json:
        """The method of a payment from the client's bank account."""
        me, banks = self._get("users/me/"), self._rows("pse/institutions/")
        person = {"person_type": "NATURAL", "id_type": me["id_type"], "id_number": me["id_number"]}
        return {"type": "PSE", "institution": banks[-1]["code"], **person}

    def wait_for(self, payment: Json, is_so: Callable[[Json], Any]) -> Json:
        seen: Json = _until(lambda: self._get(f"payments/{payment['id']}/"), is_so)
        return seen

    def receipt_of(self, payment: Json) -> bytes:
        self.wait_for(payment, lambda seen: seen["receipt"] and seen["receipt"]["url"])
        return self._http.get(f"payments/{payment['id']}/receipt/").raise_for_status().content

    def statement(self) -> bytes:
        newest = self._rows("statements/")[0]
        return self._http.get(f"statements/{newest['id']}/pdf/").raise_for_status().content

    def _rows(self, path: str) -> list[Json]:
        rows: list[Json] = _until(lambda: self._get(path), lambda page: page["results"])["results"]
        return rows

    def _get(self, path: str) -> Json:
        """Nothing as long as it is not there yet."""
        answer = self._http.get(path)
        body: Json = answer.json() if answer.is_success else {}
        return body

    def _post(self, path: str, body: Json) -> Json:
        answer = self._http.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
        assert answer.is_success, answer.text
        made: Json = answer.json()
        return made


def _until(look: Callable[[], Any], is_enough: Callable[[Any], Any] = bool) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not ((seen := look()) and is_enough(seen)):
        assert time.monotonic() < deadline, f"waited in vain; what was seen last: {seen}"
        time.sleep(0.2)
    return seen
