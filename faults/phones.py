"""The main path: each client signs up and pays one charge by PSE, part by part."""

from contextlib import suppress
from typing import Any

from faults.auditor import Account, Auditor, Wish
from faults.clients import GaveUp
from faults.payers import FINAL, HASTE, IS_IMPATIENT, TOO_LATE, Payer
from faults.stack import Stack

PARTS = 8
"""In how many payments a client pays the one charge."""
HAS_TWO_PHONES = 0.2
"""How often somebody pays the same charge twice at the same time."""


def crowd(stack: Stack, auditor: Auditor, *, seed: int, payments: int) -> list["Phone"]:
    """So many clients that they wish for that many payments."""
    parts = [PARTS] * (payments // PARTS) + [payments % PARTS] * bool(payments % PARTS)
    return [Phone(number, parts=share, seed=seed, stack=stack, auditor=auditor) for number, share in enumerate(parts)]


class Phone(Payer):
    def __init__(self, number: int, *, parts: int, **more: Any) -> None:
        super().__init__(number, account=Account(f"phone-{number}@example.com"), **more)
        self._parts = parts

    def use(self) -> None:
        """Sign up and pay while things break; whoever does not know what became of a part stops."""
        with suppress(GaveUp):
            self._sign_in()
            for left in range(self._parts, 0, -1):
                if not self._pay(parts=left):
                    break

    def come_back(self) -> None:
        """Now that things heal: the session still holds, and whatever was left open comes to an end."""
        try:
            self._renew()
            self._auditor.debts += self._wait_for_charges([self._known["charge"]])
            if not self._wishes:
                self._pay(parts=self._parts)
            for payment in self._all("payments/"):
                self._finish(payment["id"], self._wish_of(payment))
            for wish in self._wishes:
                if wish.status == "APPROVED":
                    self._read_receipt(*wish.acknowledged)
        except GaveUp as reason:
            self._complain(f"V6 waited in vain: {reason}")

    def _pay(self, *, parts: int) -> bool:
        """Pay one of `parts` equal parts of what is open; False if there is nothing to go on with."""
        [charge] = self._get("charges/", lambda page: bool(page["results"]))["results"]
        if charge["status"] == "PAID":
            return False
        amount_in_cents = charge["outstanding"]["amount_in_cents"] // parts
        body = self._order(charge["id"], amount_in_cents, self._by_bank())
        wish = other = self._ask(self._new_wish(charge["id"], amount_in_cents), body)
        if wish.acknowledged and self._rng.random() < IS_IMPATIENT:
            self._ask(wish, body)
        if wish.acknowledged and self._rng.random() < HAS_TWO_PHONES:
            other = self._ask(self._new_wish(charge["id"], amount_in_cents), body)
        for one in (wish, other):
            if one.refused and (one.refused not in TOO_LATE or one is self._wishes[0]):
                self._complain(f"V2 refused with {one.refused}: {one}")
        if wish.acknowledged:
            self._finish(next(iter(wish.acknowledged)), wish, patience=HASTE)
        return all(one.acknowledged or one.refused for one in (wish, other))

    def _finish(self, payment_id: str, wish: Wish, **patience: float) -> None:
        """Follow a payment to the bank, decide there, and wait for its end."""
        path = f"payments/{payment_id}/"
        payment = self._get(path, lambda one: bool(one["redirect_url"]) or one["status"] in FINAL, **patience)
        if payment["status"] not in FINAL:
            self._decide(payment, wish)
            payment = self._get(path, lambda one: one["status"] in FINAL, **patience)
        wish.status = payment["status"]
