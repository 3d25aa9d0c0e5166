"""A client as its phone would act: over HTTP only, patient with errors, and telling the auditor all it hears."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, TypeVar

import httpx

from faults.auditor import Account, Auditor
from faults.stack import Stack

Json = dict[str, Any]
T = TypeVar("T")

ANSWER_TIMEOUT = 20.0
PATIENCE = 420.0
"""Seconds after which a client stops waiting for one thing; it comes back when everything may heal."""
LONGEST_PAUSE = 10.0
"""Seconds between two looks at something that takes its time."""
CODE_PATIENCE = 32.0
"""Seconds without a mail after which one asks for another code."""


ENTRANCE = threading.BoundedSemaphore(8)
"""So many sign in at once, or hashing passwords would be all that the server does."""


class Lost(Exception):
    """No answer, or one that leaves open whether anything was done."""


class GaveUp(Exception):
    """It took longer than anybody waits."""


class Client:
    """Whoever signs in: `account.state` tells whether there is an account already."""

    def __init__(
        self, number: int, *, seed: int, stack: Stack, auditor: Auditor, account: Account, password: str = ""
    ) -> None:
        self._rng = Random(f"{seed}/{number}")  # noqa: S311 repeatable, not secret
        self._sandbox, self._auditor, self._account = stack.sandbox, auditor, account
        # An address of its own: limits count by address.
        transport = httpx.HTTPTransport(local_address=f"127.0.{1 + number // 250}.{1 + number % 250}")
        self._http = httpx.Client(base_url=f"{stack.state['web']}/api/v1/", transport=transport, timeout=ANSWER_TIMEOUT)
        self._document = {"id_type": "CC", "id_number": str(1_900_000_000 + number)}
        self._name, self._password = f"Cliente {number} de Prueba", password or f"Montaña-{self._rng.getrandbits(64):x}"
        self._phone_number = f"+57300{1_000_000 + number}"
        self._refresh_token = ""

    # --- signing up and in --------------------------------------------------------------------------------------------

    def _sign_in(self) -> None:
        with ENTRANCE:
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
                time.sleep(self._rng.uniform(0.5, 1.5))
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

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    def _get(self, path: str, is_enough: Callable[[Json], bool] = bool, *, patience: float = PATIENCE) -> Json:
        def attempt() -> Json | None:
            answer = self._call("GET", path)
            body: Json = answer.json()
            return body if answer.is_success and is_enough(body) else None

        return self._patiently(attempt, path, patience=patience)

    def _all(self, path: str) -> list[Json]:
        """Every page of a list."""
        page = self._get(f"{path}?page_size=100")
        rows: list[Json] = page["results"]
        while page["next"]:
            page = self._get(page["next"])
            rows += page["results"]
        return rows

    def _post(self, path: str, body: Json) -> httpx.Response:
        """A call that may be repeated without harm."""
        return self._patiently(lambda: self._call("POST", path, body), path)

    def _patiently(self, attempt: Callable[[], T | None], what: str, *, patience: float = PATIENCE) -> T:
        deadline, pause = time.monotonic() + patience, 1.0
        while time.monotonic() < deadline:
            with suppress(Lost):
                if (result := attempt()) is not None:
                    return result
            time.sleep(self._rng.uniform(0.5, 1.5) * pause)
            pause = min(1.5 * pause, LONGEST_PAUSE)
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
