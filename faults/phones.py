"""Clients as their phones would act: over HTTP only, patient with errors, and telling the auditor all they hear."""

import html
import re
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import httpx

from faults.auditor import Account, Auditor, Wish
from faults.stack import Stack

Json = dict[str, Any]
T = TypeVar("T")

ANSWER_TIMEOUT = 20.0
PATIENCE = 420.0
"""Seconds after which a phone stops waiting for one thing; it comes back when everything may heal."""
LONGEST_PAUSE = 5.0
"""Seconds between two looks at something that takes its time."""
CODE_PATIENCE = 32.0
"""Seconds without a mail after which one asks for another code."""
PARTS = 4
"""In how many payments a client pays the one charge."""
GIVES_UP, IS_IMPATIENT, HAS_TWO_PHONES = 0.15, 0.2, 0.2
"""How often somebody closes the app when an answer is lost, sends the same again, or pays the same charge twice."""
BUTTONS = {"aprobar": "APPROVED", "rechazar": "DECLINED", "error": "ERROR"}
FINAL = ("APPROVED", "DECLINED", "VOIDED", "ERROR", "EXPIRED")


class Lost(Exception):
    """No answer, or one that leaves open whether anything was done."""


class GaveUp(Exception):
    """It took longer than anybody waits."""


class Phone:
    def __init__(self, number: int, *, parts: int, seed: int, stack: Stack, auditor: Auditor) -> None:
        self._rng = Random(f"{seed}/{number}")  # noqa: S311 repeatable, not secret
        self._sandbox, self._auditor = stack.sandbox, auditor
        # An address of its own: limits count by address.
        transport = httpx.HTTPTransport(local_address=f"127.0.{1 + number // 250}.{1 + number % 250}")
        self._http = httpx.Client(base_url=f"{stack.state['web']}/api/v1/", transport=transport, timeout=ANSWER_TIMEOUT)
        self._document = {"id_type": "CC", "id_number": str(1_900_000_000 + number)}
        self._name, self._password = f"Cliente {number} de Prueba", f"Montaña-{self._rng.getrandbits(64):x}"
        self._phone_number = f"+57300{1_000_000 + number}"
        self._account = Account(f"phone-{number}@example.com")
        auditor.accounts.append(self._account)
        self._wishes: list[Wish] = []
        self._refresh_token = ""
        self._parts = parts
        holder = {**self._document, "full_name": self._name, "email": self._account.email}
        answer = stack.sandbox.post("/control/casse/holders/", json=holder).raise_for_status()
        self._expected_charge: str = answer.json()["charge"]

    def use(self) -> None:
        """Sign up and pay, part by part, while things break; whoever does not know what became of a part stops."""
        with suppress(GaveUp):
            self._sign_in()
            for left in range(self._parts, 0, -1):
                charge = self._wait_for_charge()
                if charge["status"] == "PAID" or not self._pay(charge, parts=left):
                    break

    def come_back(self) -> None:
        """Now that things heal: the session still holds, and whatever was left open comes to an end."""
        try:
            self._renew()
            charge = self._wait_for_charge()
            self._account.owed_in_cents = charge["amount"]["amount_in_cents"]
            if not self._wishes:
                self._pay(charge, parts=self._parts)
            for payment in self._get("payments/")["results"]:
                self._finish(payment["id"], self._wish_of(payment))
            for wish in self._wishes:
                if wish.status == "APPROVED":
                    self._read_receipt(*wish.acknowledged)
        except GaveUp as reason:
            self._complain(f"V6 waited in vain: {reason}")

    # --- signing up and in --------------------------------------------------------------------------------------------

    def _sign_in(self) -> None:
        for _ in range(12):
            if self._open_challenge_and_answer_it():
                return
        raise GaveUp("12 attempts to sign in")

    def _open_challenge_and_answer_it(self) -> bool:
        seen, opened = len(self._codes()), None
        if self._account.state != "none":
            opened = self._post("auth/login/", {"email": self._account.email, "password": self._password})
        if opened is None or (opened.status_code == 401 and self._account.state == "unknown"):
            opened = self._post("auth/register/", self._registration())
        if opened.status_code != 202:
            self._complain(f"no code for an account that is {self._account.state}: {opened.text}")
            return False
        challenge = opened.json()["challenge_id"]
        try:
            answer = self._call(
                "POST", "auth/otp/verify/", {"challenge_id": challenge, "code": self._code(challenge, seen)}
            )
        except Lost:
            if self._account.state == "none":
                self._account.state = "unknown"
            return False
        if answer.is_success:
            self._account.state = "acknowledged"
            self._keep(answer.json())
        return answer.is_success

    def _registration(self) -> Json:
        return {
            **self._document,
            "full_name": self._name,
            "email_primary": self._account.email,
            "phone": self._phone_number,
            "birth_date": "1990-01-01",
            "password": self._password,
            "accepts_terms": True,
            "terms_version": self._get("auth/terms/")["terms_version"],
        }

    def _codes(self) -> list[str]:
        """The codes in the mails of this phone's owner, newest first."""
        messages = self._sandbox.get("/mail/messages/", params={"to": self._account.email}).json()
        return [code for message in messages for code in re.findall(r"(?<!\d)\d{6}(?!\d)", message["text"])[:1]]

    def _code(self, challenge: str, seen: int) -> str:
        """The newest code; asks for another one as long as none comes."""
        for _ in range(4):
            deadline = time.monotonic() + CODE_PATIENCE
            while time.monotonic() < deadline:
                if len(codes := self._codes()) > seen:
                    return codes[0]
                time.sleep(0.3)
            self._post("auth/otp/resend/", {"challenge_id": challenge})
        raise GaveUp("a code")

    def _keep(self, tokens: Json) -> None:
        self._refresh_token = tokens["refresh"]
        self._http.headers["Authorization"] = f"Bearer {tokens['access']}"

    def _renew(self) -> None:
        """Go on with the session, if there is one. Its token may be used up when the answer is lost."""
        token, self._refresh_token = self._refresh_token, ""
        if token:
            with suppress(Lost):
                answer = self._call("POST", "auth/token/refresh/", {"refresh": token})
                if answer.is_success:
                    self._keep(answer.json())
                    return
                self._complain(f"V2 the session is gone: {answer.text}")
        self._sign_in()

    # --- paying -------------------------------------------------------------------------------------------------------

    def _wait_for_charge(self) -> Json:
        def has_come(page: Json) -> bool:
            return any(charge["external_reference"] == self._expected_charge for charge in page["results"])

        charge: Json = self._get("charges/", has_come)["results"][0]
        return charge

    def _pay(self, charge: Json, *, parts: int) -> bool:
        """Pay one of `parts` equal parts of what is open; False if it is not known whether that was asked for."""
        banks = [one["code"] for one in self._get("pse/institutions/", lambda page: bool(page["results"]))["results"]]
        documents = self._get("payment-methods/", lambda page: bool(page["accepted_documents"]))["accepted_documents"]
        method = {"type": "PSE", "institution": self._rng.choice(banks), "person_type": "NATURAL"}
        body = {
            "charge_ids": [charge["id"]],
            "method": method | self._document,
            "accepted_documents": [document["permalink"] for document in documents],
            "amount_in_cents": (amount := charge["outstanding"]["amount_in_cents"] // parts),
        }
        wish = other = self._ask(self._new_wish(charge, amount), body)
        if wish.acknowledged and self._rng.random() < IS_IMPATIENT:
            self._ask(wish, body)
        if wish.acknowledged and self._rng.random() < HAS_TWO_PHONES:
            other = self._ask(self._new_wish(charge, amount), body)
        if wish.acknowledged:
            self._finish(next(iter(wish.acknowledged)), wish)
        return all(one.acknowledged or one.refused for one in (wish, other))

    def _new_wish(self, charge: Json, amount_in_cents: int) -> Wish:
        key = str(UUID(int=self._rng.getrandbits(128)))
        wish = Wish(key, self._account.email, charge["id"], amount_in_cents)
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
                if (code := answer.json()["code"]) != "idempotency_key_in_use":
                    self._take_refusal(wish, code)
                    break
            time.sleep(self._rng.uniform(0.1, 1))
        return wish

    def _take_refusal(self, wish: Wish, code: str) -> None:
        wish.refused = code
        if code not in ("charge_in_payment", "charge_paid", "amount_too_high") or wish is self._wishes[0]:
            self._complain(f"V2 refused with {code}: {wish}")

    def _finish(self, payment_id: str, wish: Wish) -> None:
        """Follow a payment to the bank, decide there, and wait for its end."""
        path = f"payments/{payment_id}/"
        payment = self._get(path, lambda one: bool(one["redirect_url"]) or one["status"] in FINAL)
        if payment["status"] not in FINAL:
            wish.pressed = self._decide_at_bank(payment["redirect_url"]) or wish.pressed
            payment = self._get(path, lambda one: one["status"] in FINAL)
        wish.status = payment["status"]

    def _decide_at_bank(self, url: str) -> str:
        """Press one of the buttons; the outcome, or nothing if it was decided before."""
        button = self._rng.choices(list(BUTTONS), weights=(8, 1, 1))[0]
        actions = map(html.unescape, re.findall(r'action="([^"]+)"', self._sandbox.get(url).text))
        pressed = [self._sandbox.post(action).status_code == 303 for action in actions if f"/{button}?" in action]
        return BUTTONS[button] if any(pressed) else ""

    def _wish_of(self, payment: Json) -> Wish:
        """Which wish a payment in the list fulfils: one that was acknowledged, or one whose answer got lost."""
        for wish in self._wishes:
            if payment["id"] in wish.acknowledged:
                return wish
        for wish in self._wishes:
            if wish.is_unknown and not wish.acknowledged:
                wish.acknowledged.add(payment["id"])
                return wish
        self._complain(f"V2 a payment nobody asked for: {payment}")
        return self._wishes[0]

    def _read_receipt(self, payment_id: str) -> None:
        path = f"payments/{payment_id}/receipt/"
        self._patiently(lambda: self._call("GET", path).content.startswith(b"%PDF") or None, path)

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    def _get(self, path: str, is_enough: Callable[[Json], bool] = bool) -> Json:
        def attempt() -> Json | None:
            answer = self._call("GET", path)
            body: Json = answer.json()
            return body if answer.is_success and is_enough(body) else None

        return self._patiently(attempt, path)

    def _post(self, path: str, body: Json) -> httpx.Response:
        """A call that may be repeated without harm."""
        return self._patiently(lambda: self._call("POST", path, body), path)

    def _patiently(self, attempt: Callable[[], T | None], what: str) -> T:
        deadline, pause = time.monotonic() + PATIENCE, 0.5
        while time.monotonic() < deadline:
            with suppress(Lost):
                if (result := attempt()) is not None:
                    return result
            time.sleep(self._rng.uniform(0.5, 1.5) * pause)
            pause = min(1.3 * pause, LONGEST_PAUSE)
        raise GaveUp(what)

    def _call(self, method: str, path: str, body: Json | None = None, *, key: str = "") -> httpx.Response:
        """One call, repeated when a limit asks for a pause or the access token is too old. Raises Lost."""
        while True:
            started = time.monotonic()
            try:
                answer = self._http.request(method, path, json=body, headers={"Idempotency-Key": key} if key else {})
            except httpx.TransportError as error:
                self._auditor.calls["lost"] += 1
                raise Lost from error
            self._auditor.calls[str(answer.status_code)] += 1
            self._auditor.slowest = max(self._auditor.slowest, (time.monotonic() - started, f"{method} {path}"))
            if answer.headers.get("Content-Type") not in ("application/json", "application/pdf"):
                self._complain(f"V6 {method} {path} answered {answer.status_code}, no JSON: {answer.text[:200]}")
            if answer.status_code >= 500:
                if answer.status_code != 503:
                    self._complain(f"V6 {method} {path} answered {answer.status_code}: {answer.text[:300]}")
                raise Lost
            if answer.status_code == 429:
                time.sleep(min(65.0, float(answer.headers["Retry-After"])))
            elif answer.status_code == 401 and not path.startswith("auth/"):
                self._renew()
            else:
                return answer

    def _complain(self, what: str) -> None:
        self._auditor.complaints.append(f"{what} ({self._account.email})")
