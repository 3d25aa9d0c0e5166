"""Everything at once: clients with many charges, which they pay by every method of both providers while the insurer
cancels some and takes money for others."""

import time
from collections import deque
from contextlib import suppress
from typing import Any

from faults.auditor import Account, Auditor, Debt, Wish
from faults.clients import PATIENCE, GaveUp, Json
from faults.office import Office
from faults.payers import FINAL, HASTE, IS_IMPATIENT, TOO_LATE, Payer
from faults.stack import Stack

CLIENTS = 20
PARTS = 4
"""In how many payments a client pays each charge."""
MOST_UNDER_WAY = 12
"""How many payments of a client are under way at once."""
PAUSE = 2.0
"""Seconds between two looks at all of them."""
MADE_BY_OPERATORS = 0.25
IS_DISTURBED = 0.04
"""How often the insurer cancels a charge, or takes money for it, just when it is being paid."""
PAYMENT_MINUTES = 10
"""After them PlaceToPay ends a session whose opening was never answered to us."""
AMOUNT_IN_CENTS = 40_000_000
RECEIPTS_READ = 5
CARD = {"number": "4242424242424242", "cvc": "123", "exp_month": "12", "exp_year": "49", "card_holder": "Ana Prueba"}


def _ends_of(payment: Json) -> tuple[str, ...]:
    """Which statuses stay. The bank's page of a payment that has expired here is still open at the bank."""
    is_open = payment["redirect_url"] and payment["method"]["type"] != "CHECKOUT"
    return tuple(status for status in FINAL if status != "EXPIRED" or not is_open)


def crowd(stack: Stack, auditor: Auditor, *, seed: int, payments: int) -> list["Debtor"]:
    office = Office(stack=stack, auditor=auditor, seed=seed)
    charges = -(-payments // (CLIENTS * PARTS))
    return [
        Debtor(number, charges=charges, office=office, seed=seed, stack=stack, auditor=auditor)
        for number in range(CLIENTS)
    ]


class Debtor(Payer):
    def __init__(self, number: int, *, charges: int, office: Office, stack: Stack, **more: Any) -> None:
        super().__init__(number, stack=stack, account=Account(f"debtor-{number}@example.com"), **more)
        self._office, self._wompi_key = office, stack.state["env"]["WOMPI_PUBLIC_KEY"]
        self._operator_charges = round(charges * MADE_BY_OPERATORS)
        self._core_references = [self._known["charge"]]
        for _ in range(charges - self._operator_charges - 1):
            body = {"holder": self._known["holder"], "amount": f"{AMOUNT_IN_CENTS // 100}.00"}
            charge = stack.sandbox.post("/control/casse/charges/", json=body).raise_for_status().json()
            self._core_references.append(charge["reference"])
        self._methods = {self._by_bank: 35, self._by_placetopay: 35, self._by_page: 20, self._by_card: 10}
        """How they pay, and how many of a hundred do so."""
        self._debts: dict[str, Debt] = {}
        self._parts_left: dict[str, int] = {}
        self._waiting: deque[str] = deque()
        """Charges of which the next part can be paid."""
        self._under_way: list[Wish] = []

    def use(self) -> None:
        """Sign up and pay every charge part by part, some at the same time, until all that can be paid is."""
        with suppress(GaveUp):
            self._sign_in()
            user = self._get("users/me/")["id"]
            made = [
                self._office.make_charge(user, amount_in_cents=AMOUNT_IN_CENTS) for _ in range(self._operator_charges)
            ]
            debts = self._wait_for_charges([*self._core_references, *made])
            self._auditor.debts += debts
            self._debts = {debt.charge: debt for debt in debts}
            self._parts_left = dict.fromkeys(self._debts, PARTS)
            self._waiting.extend(self._debts)
            self._pay_all()

    def come_back(self) -> None:
        """Now that things heal: whatever was left open comes to an end."""
        try:
            self._renew()
            for payment in self._all("payments/"):
                wish, ended = self._wish_of(payment), payment
                if payment["status"] not in _ends_of(payment):
                    if payment["redirect_url"]:
                        self._decide(payment, wish)
                    path, patience = f"payments/{payment['id']}/", 60.0 * PAYMENT_MINUTES + PATIENCE
                    ended = self._get(path, lambda one: one["status"] in _ends_of(one), patience=patience)
                wish.status = ended["status"]
            approved = [wish for wish in self._wishes if wish.status == "APPROVED"]
            for wish in approved[:RECEIPTS_READ]:
                self._read_receipt(*wish.acknowledged)
        except GaveUp as reason:
            self._complain(f"V6 waited in vain: {reason}")

    def _pay_all(self) -> None:
        deadline = time.monotonic() + HASTE
        while (self._waiting or self._under_way) and time.monotonic() < deadline:
            while self._waiting and len(self._under_way) < MOST_UNDER_WAY:
                self._pay(self._debts[self._waiting.popleft()])
                deadline = time.monotonic() + HASTE
            self._look()
            time.sleep(self._rng.uniform(0.5, 1.5) * PAUSE)

    def _pay(self, debt: Debt) -> None:
        [choose] = self._rng.choices(list(self._methods), weights=list(self._methods.values()))
        amount_in_cents = debt.amount_in_cents // PARTS
        body = self._order(debt.charge, amount_in_cents, choose())
        wish = self._ask(self._new_wish(debt.charge, amount_in_cents), body)
        if wish.acknowledged:
            self._under_way.append(wish)
            if self._rng.random() < IS_IMPATIENT:
                self._ask(wish, body)
        elif wish.refused and not (wish.refused in TOO_LATE and self._may_be_settled(debt)):
            self._complain(f"V2 refused with {wish.refused}: {wish}")
        if self._rng.random() < IS_DISTURBED and not debt.is_disturbed:
            if debt.reference in self._core_references:
                self._office.take_money(debt, amount_in_cents=debt.amount_in_cents // 3 // 100 * 100)
            else:
                self._office.void(debt)

    def _may_be_settled(self, debt: Debt) -> bool:
        """Whether less is open than the parts paid so far say."""
        return debt.is_disturbed or any(wish.is_paid_twice for wish in self._wishes if wish.charge == debt.charge)

    def _look(self) -> None:
        """Decide what waits for its payer, and take note of what has ended."""
        newest = {one["id"]: one for one in self._get(f"payments/?page_size={2 * MOST_UNDER_WAY}")["results"]}
        for wish in list(self._under_way):
            [payment_id] = wish.acknowledged
            payment = newest.get(payment_id) or self._get(f"payments/{payment_id}/")
            if payment["status"] in FINAL:
                wish.status = payment["status"]
                self._under_way.remove(wish)
                self._go_on(self._debts[wish.charge])
            elif payment["redirect_url"] and not wish.pressed:
                self._decide(payment, wish)

    def _go_on(self, debt: Debt) -> None:
        self._parts_left[debt.charge] -= 1
        if self._parts_left[debt.charge] and not debt.is_void:
            self._waiting.append(debt.charge)

    # --- methods ------------------------------------------------------------------------------------------------------

    def _by_placetopay(self) -> Json:
        return {"method": {"type": "PSE", **self._document}, "provider": "PSE"}

    def _by_page(self) -> Json:
        return {"method": {"type": "CHECKOUT"}}

    def _by_card(self) -> Json:
        def token() -> str | None:
            headers = {"Authorization": f"Bearer {self._wompi_key}"}
            answer = self._sandbox.post("/wompi/v1/tokens/cards", json=CARD, headers=headers)
            return str(answer.json()["data"]["id"]) if answer.is_success else None

        return {"method": {"type": "CARD", "token": self._patiently(token, "a token"), "installments": 1}}
