"""The main path as a phone walks it: sign up, see a policy, pay its premium by PSE; and what the others see of it."""

import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import httpx

from insure_cli.demo.walk import Unexpected, Walk
from insure_cli.project import SETTINGS

Json = dict[str, Any]

SYNC_JOBS = ("casse.policies", "casse.charges")
SETTLED = "payments.payment_settled"
EXPECTED = {
    "ledger_balanced": True,
    "audit_verified": True,
    "receipts_after_three_events": 1,
    "entries_after_three_events": 1,
    "forged_event_status": 401,
    "forged_event_stored": 0,
    "casse_told": True,
    "receipt_mailed": True,
}


class Story:
    """One walk on a running stack. `stack` is its stack.json; files go to `folder`."""

    def __init__(self, walk: Walk, stack: Json, folder: Path) -> None:
        self._walk, self._stack, self._folder = walk, stack, folder
        self.checks: Json = {}
        self.files: dict[str, str] = {}

    def tell(self) -> None:
        """Raises Unexpected at the first thing that is not as it must be."""
        person = self._new_holder()
        phone = self._sign_up(person)
        admin = self._sign_in_admin()
        self._synchronise(admin)
        self._look_at_policy(phone)
        charge = self._look_at_account(phone)
        payment = self._pay(phone, charge)
        self._look_at_what_was_paid(phone, person, payment)
        self._look_at_trail(admin, payment)
        self._repeat_events(phone, admin, person, payment)
        self._verify()

    # --- the people ---------------------------------------------------------------------------------------------------

    def _new_holder(self) -> Json:
        number = str(secrets.randbelow(900_000_000) + 1_000_000_000)
        person = {"id_type": "CC", "id_number": number, "full_name": "Camila Torres Niño"}
        person["email"] = f"camila.{number}@example.com"
        self._walk.call("CASSE has a new policy holder", "POST", self._sandbox("control/casse/holders/"), json=person)
        return person

    def _sign_up(self, person: Json) -> str:
        terms = self._walk.call("Terms to accept", "GET", self._api("auth/terms/")).json()
        registration = {
            "full_name": person["full_name"],
            "id_type": person["id_type"],
            "id_number": person["id_number"],
            "email_primary": person["email"],
            "phone": "+573101234567",
            "birth_date": "1991-07-20",
            "password": secrets.token_urlsafe(12),
            "accepts_terms": True,
            "terms_version": terms["terms_version"],
        }
        challenge = self._walk.call(
            "Register", "POST", self._api("auth/register/"), status=202, json=registration
        ).json()
        token = self._enter_code(person["email"], challenge, known=set())
        self._walk.call("Who am I", "GET", self._api("users/me/"), token=token)
        return token

    def _sign_in_admin(self) -> str:
        account = self._stack["accounts"]["ADMIN"]
        known = {mail["id"] for mail in self._walk.look(self._mail(account["email"]))}
        challenge = self._walk.call("ADMIN signs in", "POST", self._api("auth/login/"), status=202, json=account).json()
        return self._enter_code(account["email"], challenge, known=known)

    def _enter_code(self, email: str, challenge: Json, *, known: set[str]) -> str:
        def newest(mails: list[Json]) -> Json | None:
            return next((mail for mail in mails if mail["id"] not in known), None)

        mails = self._walk.wait("Code arrives by e-mail", self._mail(email), lambda mails: newest(mails) is not None)
        mail = newest(mails)
        assert mail is not None
        code = re.search(r"\b\d{6}\b", mail["text"])
        if code is None:
            raise Unexpected(f"no code in: {mail['text']}")
        answer = {"challenge_id": challenge["challenge_id"], "code": code.group()}
        response = self._walk.call("Code is right: signed in", "POST", self._api("auth/otp/verify/"), json=answer)
        token: str = response.json()["access"]
        return token

    # --- policy and account -------------------------------------------------------------------------------------------

    def _synchronise(self, admin: str) -> None:
        for job in SYNC_JOBS:
            run = self._walk.call(
                f"Ask for a sync of {job}",
                "POST",
                self._api("admin/sync-runs/"),
                status=202,
                token=admin,
                key=_new_key(),
                json={"job": job},
            ).json()
            done = self._walk.wait(
                "The run has finished",
                self._api(f"admin/sync-runs/{run['id']}/"),
                lambda run: run["status"] not in ("REQUESTED", "RUNNING"),
                token=admin,
                seconds=60,
            )
            if done["status"] != "SUCCEEDED":
                raise Unexpected(f"{job} ended as {done['status']}: {done['error']}")

    def _look_at_policy(self, phone: str) -> None:
        page = self._walk.wait("My policies", self._api("policies/"), lambda page: page["results"], token=phone)
        policy_id = page["results"][0]["id"]
        policy = self._walk.wait(
            "Policy, coverages, documents",
            self._api(f"policies/{policy_id}/"),
            lambda policy: policy["coverages"] and any(one["is_available"] for one in policy["documents"]),
            token=phone,
        )
        document = next(one for one in policy["documents"] if one["is_available"])
        path = f"policies/{policy_id}/documents/{document['id']}/download/"
        self._download("Policy PDF", path, token=phone, file="policy_pdf")

    def _look_at_account(self, phone: str) -> Json:
        self._walk.call("My account", "GET", self._api("account/"), token=phone)
        page = self._walk.wait("What I owe", self._api("charges/"), lambda page: page["results"], token=phone)
        charge: Json = page["results"][0]
        return charge

    # --- the payment --------------------------------------------------------------------------------------------------

    def _pay(self, phone: str, charge: Json) -> Json:
        methods = self._walk.wait(
            "Ways to pay", self._api("payment-methods/"), lambda offer: offer["accepted_documents"], token=phone
        )
        banks = self._walk.wait("Banks of PSE", self._api("pse/institutions/"), _has_rows, token=phone)
        me = self._walk.look(self._api("users/me/"), token=phone)
        order = {
            "charge_ids": [charge["id"]],
            "method": {
                "type": "PSE",
                "institution": banks["results"][0]["code"],
                "person_type": "NATURAL",
                "id_type": me["id_type"],
                "id_number": me["id_number"],
            },
            "accepted_documents": [one["permalink"] for one in methods["accepted_documents"]],
        }
        key = _new_key()

        def pay(name: str) -> httpx.Response:
            url = self._api("payments/")
            return self._walk.call(name, "POST", url, status=202, token=phone, key=key, json=order)

        payment = pay("Pay the charge").json()
        again = pay("The same again: replayed")
        is_same = again.headers.get("Idempotent-Replayed") == "true" and again.json()["id"] == payment["id"]
        self._walk.require(is_same, "the second call made another payment", again)

        url = self._api(f"payments/{payment['id']}/")
        payment = self._walk.wait("The bank's page is known", url, lambda one: one["redirect_url"], token=phone)
        page = self._walk.call("Open the bank's page", "GET", payment["redirect_url"])
        approve = re.search(r'action="([^"]*aprobar[^"]*)"', page.text)
        if approve is None:
            raise Unexpected(f"no button Aprobar on {page.url}")
        action = urljoin(str(page.url), approve.group(1).replace("&amp;", "&"))
        self._walk.call("Press Aprobar", "POST", action, status=303)
        settled: Json = self._walk.wait(
            "The payment is approved", url, lambda one: one["status"] == "APPROVED", token=phone, seconds=90
        )
        return settled

    def _look_at_what_was_paid(self, phone: str, person: Json, payment: Json) -> None:
        self._walk.wait("The receipt is made", self._api(f"payments/{payment['id']}/"), _has_receipt_pdf, token=phone)
        self._download("Receipt PDF", f"payments/{payment['id']}/receipt/", token=phone, file="receipt_pdf")
        self._walk.wait("The charge is paid", self._api("charges/?status=PAID"), _has_rows, token=phone)
        self._walk.wait("Movements of the account", self._api("account/entries/"), _has_rows, token=phone)
        statements = self._walk.wait("Statements", self._api("statements/"), _has_rows, token=phone)
        statement = statements["results"][0]["id"]
        self._download("Statement PDF", f"statements/{statement}/pdf/", token=phone, file="statement_pdf")
        self._walk.wait(
            "The receipt arrives by e-mail", self._mail(person["email"]), lambda mails: any(map(_is_receipt, mails))
        )
        self.checks["receipt_mailed"] = True
        self._walk.wait(
            "CASSE was told", self._sandbox("control/"), lambda state: payment["reference"] in str(state["casse"])
        )
        self.checks["casse_told"] = True

    def _look_at_trail(self, admin: str, payment: Json) -> None:
        self._walk.wait(
            "The audit trail of it",
            self._api(f"admin/audit-events/?target_id={payment['id']}"),
            lambda page: any(event["action"] == SETTLED for event in page["results"]),
            token=admin,
        )

    def _repeat_events(self, phone: str, admin: str, person: Json, payment: Json) -> None:
        for name, fault in (("The event twice more", "duplicate"), ("The one before it, late", "late")):
            self._send_event(name, payment, fault, expected=200)
        waiting = self._api("admin/webhook-events/?status=RECEIVED")
        self._walk.wait("All events are processed", waiting, lambda page: not page["results"], token=admin)
        before = self._count(admin, "admin/webhook-events/")
        self._send_event("A forged event is refused", payment, "forged", expected=401)
        self.checks["forged_event_status"] = 401
        self.checks["forged_event_stored"] = self._count(admin, "admin/webhook-events/") - before
        receipts = [mail for mail in self._walk.look(self._mail(person["email"])) if _is_receipt(mail)]
        self.checks["receipts_after_three_events"] = len(receipts)
        entries = self._walk.look(self._api("account/entries/"), token=phone)["results"]
        self.checks["entries_after_three_events"] = sum(entry["kind"] == "PAYMENT" for entry in entries)

    def _send_event(self, name: str, payment: Json, fault: str, *, expected: int) -> None:
        order = {"transaction": payment["reference"], "fault": fault}
        response = self._walk.call(name, "POST", self._sandbox("control/wompi/events/"), json=order)
        is_as_expected = all(status == expected for status in response.json()["statuses"])
        self._walk.require(is_as_expected, f"the event was not answered by {expected}", response)

    # --- the end ------------------------------------------------------------------------------------------------------

    def _verify(self) -> None:
        environment = {**os.environ, **self._stack["env"], "DJANGO_SETTINGS_MODULE": SETTINGS}
        self._walk.command("Recompute the ledger", "ledger", "verify", environment=environment)
        self.checks["ledger_balanced"] = True
        self._walk.command("Recompute the audit trail", "audit", "verify", environment=environment)
        self.checks["audit_verified"] = True
        if wrong := {name: value for name, value in self.checks.items() if value != EXPECTED[name]}:
            raise Unexpected(f"not as it must be: {wrong}")

    # --- helpers ------------------------------------------------------------------------------------------------------

    def _api(self, path: str) -> str:
        return f"{self._stack['web']}/api/v1/{path}"

    def _sandbox(self, path: str) -> str:
        return f"{self._stack['sandbox']}/{path}"

    def _mail(self, email: str) -> str:
        return self._sandbox(f"mail/messages/?to={email}")

    def _count(self, token: str, path: str) -> int:
        url, count = self._api(f"{path}?page_size=100"), 0
        while url is not None:
            page = self._walk.look(url, token=token)
            url, count = page["next"], count + len(page["results"])
        return count

    def _download(self, name: str, path: str, *, token: str, file: str) -> None:
        response = self._walk.call(name, "GET", self._api(path), token=token)
        self._walk.require(response.content.startswith(b"%PDF-"), "no PDF", response)
        target = self._folder / f"{file.removesuffix('_pdf')}.pdf"
        target.write_bytes(response.content)
        self.files[file] = str(target)


def _new_key() -> str:
    return str(uuid4())


def _has_rows(page: Json) -> bool:
    return bool(page["results"])


def _has_receipt_pdf(payment: Json) -> bool:
    return bool(payment["receipt"] and payment["receipt"]["url"])


def _is_receipt(mail: Json) -> bool:
    return any(one["content_type"] == "application/pdf" for one in mail["attachments"])
