"""Clients who pay: what they wish for, how they ask for it, and what they do at the provider's page."""

import time
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from uuid import UUID

from faults import pages
from faults.auditor import Debt, Wish
from faults.clients import PATIENCE, Client, Json, Lost
from faults.stack import Stack

GIVES_UP, IS_IMPATIENT = 0.15, 0.2
"""How often somebody closes the app when an answer is lost, or sends the same again."""
HASTE = 130.0
"""Seconds after which one stops waiting for a payment while things break."""
FINAL = ("APPROVED", "DECLINED", "VOIDED", "ERROR", "EXPIRED")
TOO_LATE = ("charge_in_payment", "charge_paid", "charge_void", "amount_in_cents")
"""Somebody else was faster: another payment of the same charge, another bank, the insurer who cancelled it."""


class Payer(Client):
    """Signs up as the holder whom the core system knows already, with one charge to pay."""

    def __init__(self, number: int, *, stack: Stack, **more: Any) -> None:
        super().__init__(number, stack=stack, **more)
        self._wishes: list[Wish] = []
        self._auditor.accounts.append(self._account)
        holder = {**self._document, "full_name": self._name, "email": self._account.email}
        self._known: Json = stack.sandbox.post("/control/casse/holders/", json=holder).raise_for_status().json()

    def _wait_for_charges(self, references: Iterable[str]) -> list[Debt]:
        """The charges with these references, once all have come."""
        wanted = set(references)

        def have_come(charges: list[Json]) -> bool:
            return wanted <= {charge["external_reference"] for charge in charges}

        charges = self._patiently(lambda: found if have_come(found := self._all("charges/")) else None, "charges")
        debts = [
            Debt(charge["id"], self._account.email, charge["external_reference"], charge["amount"]["amount_in_cents"])
            for charge in charges
        ]
        return debts

    @cached_property
    def _documents(self) -> list[str]:
        documents = self._get("payment-methods/", lambda page: bool(page["accepted_documents"]))["accepted_documents"]
        return [document["permalink"] for document in documents]

    @cached_property
    def _banks(self) -> list[str]:
        return [one["code"] for one in self._get("pse/institutions/", lambda page: bool(page["results"]))["results"]]

    def _order(self, charge: str, amount_in_cents: int, method: Json) -> Json:
        return {
            "charge_ids": [charge],
            "amount_in_cents": amount_in_cents,
            "accepted_documents": self._documents,
            **method,
        }

    def _by_bank(self) -> Json:
        """By PSE through Wompi, with the bank chosen here."""
        bank = self._rng.choice(self._banks)
        return {"method": {"type": "PSE", "institution": bank, "person_type": "NATURAL", **self._document}}

    def _new_wish(self, charge: str, amount_in_cents: int) -> Wish:
        key = str(UUID(int=self._rng.getrandbits(128)))
        wish = Wish(key, self._account.email, charge, amount_in_cents)
        self._wishes.append(wish)
        self._auditor.wishes.append(wish)
        return wish

    def _ask(self, wish: Wish, body: Json) -> Wish:
        """POST until there is an answer, always with the same key; or give up, as people do."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = self._call("POST", "payments/", body, key=wish.key)
            except Lost:
                wish.is_unknown = True
                if self._rng.random() < GIVES_UP:
                    break
            else:
                if answer.status_code == 202:
                    wish.acknowledged.add(answer.json()["id"])
                    break
                if (refusal := answer.json())["code"] != "idempotency_key_in_use":
                    wish.refused = next(iter(refusal.get("errors", ())), refusal["code"])
                    break
            time.sleep(self._rng.uniform(0.1, 1))
        return wish

    def _decide(self, payment: Json, wish: Wish) -> None:
        """Bring about an end at the page that a payment led to, if nobody has done so before."""
        decision = pages.decide(self._sandbox, payment, self._rng)
        wish.pressed = decision.end or wish.pressed
        wish.is_paid_twice |= decision.is_paid_twice

    def _wish_of(self, payment: Json) -> Wish:
        """Which wish a payment in the list fulfils: one that was acknowledged, or one whose answer got lost."""
        for wish in self._wishes:
            if payment["id"] in wish.acknowledged:
                return wish
        charges = [allocation["charge"] for allocation in payment["allocations"]]
        for wish in self._wishes:
            if wish.is_unknown and not wish.acknowledged and charges == [wish.charge]:
                wish.acknowledged.add(payment["id"])
                return wish
        self._complain(f"V2 a payment nobody asked for: {payment}")
        return self._wishes[0]

    def _read_receipt(self, payment_id: str) -> None:
        path = f"payments/{payment_id}/receipt/"
        self._patiently(lambda: self._call("GET", path).content.startswith(b"%PDF") or None, path)
