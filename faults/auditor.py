"""The auditor: what clients were told, and whether the database agrees with it.

Apart from the code under test: it knows HTTP answers and plain SQL, nothing of the packages.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from faults.stack import Stack

CHECKS = re.findall(r"^-- (V\d .+)\n([^;]+);", Path(__file__).with_name("checks.sql").read_text(), re.MULTILINE)
HEAL_TIMEOUT = 1200.0
"""Seconds: on a hosted page of ten minutes a payer may try again for five, and the last attempt's event may be lost."""

STILL_AT_WORK = """
SELECT 'to do' AS what, task AS name, status, last_error AS detail FROM insure_common_outboxmessage
WHERE status IN ('READY', 'LEASED') AND (dedupe_key IS NULL OR created_at < now() - interval '5 seconds')
UNION ALL SELECT 'pending', id::text, status, redirect_url FROM insure_payments_payment
WHERE status IN ('CREATED', 'PENDING')
UNION ALL SELECT 'to be asked about', id::text, status, redirect_url FROM insure_payments_payment
WHERE next_poll_at IS NOT NULL
UNION ALL SELECT 'unsealed', event_id::text, '', '' FROM insure_audit_unsealed
"""
"""What the schedule makes every few seconds has five seconds to be done."""

MODEL = """
CREATE TEMP TABLE account (email text, state text);
CREATE TEMP TABLE debt (charge text, email text, amount_in_cents bigint, is_void boolean, elsewhere_in_cents bigint);
CREATE TEMP TABLE wish (key text, email text, charge text, amount_in_cents bigint, acknowledged text[], refused text,
  pressed text, status text);
CREATE TEMP TABLE provider_transaction (reference text, status text, amount_in_cents bigint);
CREATE TEMP TABLE core_payment (reference text, charge text, share_in_cents numeric, amount_in_cents numeric);
CREATE TEMP TABLE receipt_mail (email text);
CREATE TEMP VIEW made AS
  SELECT k.key, p.id::text AS id, p.status, p.amount_in_cents, u.email_primary AS email, c.id::text AS charge
  FROM insure_common_idempotencykey k JOIN insure_payments_payment p ON p.id = k.object_id
  JOIN insure_users_user u ON u.id = p.user_id JOIN insure_payments_allocation a ON a.payment_id = p.id
  JOIN insure_payments_charge c ON c.id = a.charge_id
"""


@dataclass(slots=True)
class Account:
    email: str
    state: str = "none"
    """`none`, `unknown` (the answer to the right code got lost), `acknowledged` or `given` with the stack."""


@dataclass(slots=True)
class Debt:
    """A charge as its client saw it first, and what the insurer did with it meanwhile."""

    charge: str
    email: str
    reference: str
    amount_in_cents: int
    is_void: bool = False
    elsewhere_in_cents: int = 0

    @property
    def is_disturbed(self) -> bool:
        return self.is_void or self.elsewhere_in_cents > 0


@dataclass(slots=True)
class Wish:
    """One wish to pay one charge, under one Idempotency-Key, and all that its client was told."""

    key: str
    email: str
    charge: str
    amount_in_cents: int
    acknowledged: set[str] = field(default_factory=set)
    """Ids of payments that answers named; more than one is wrong."""
    refused: str = ""
    pressed: str = ""
    """The end that the bank took note of."""
    is_paid_twice: bool = False
    status: str = ""
    """The last status that the client saw."""
    is_unknown: bool = False
    """An answer got lost: it may have been done."""


@dataclass(slots=True)
class Auditor:
    accounts: list[Account] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What was wrong already to the eye of a client."""
    calls: Counter[str] = field(default_factory=Counter)
    """How many calls were answered with which status, or lost."""
    slowest: tuple[float, str] = (0, "")
    """Seconds that the slowest answer took, and the call."""
    readiness: Counter[str] = field(default_factory=Counter)
    """How often /readyz answered what, or `uncertain` where that could not be judged."""

    def wait_until_healed(self, stack: Stack) -> list[str]:
        """Wait until nothing is under way; what still is after the longest wait is a finding."""
        deadline, left = time.monotonic() + HEAL_TIMEOUT, ["still not healed"]
        while left and time.monotonic() < deadline:
            try:
                with stack.database() as connection:
                    left = [f"still {row}" for row in connection.execute(STILL_AT_WORK)]
            except psycopg.OperationalError as error:
                left = [f"still no database: {error}"]
            time.sleep(1)
        return left

    def findings(self, stack: Stack, *, never: Sequence[str]) -> Iterator[str]:
        """Everything in which stack and clients do not agree; nothing if all is well."""
        yield from self.complaints
        yield from (f"V6 {self.calls[answer]} calls were {answer}" for answer in never if self.calls[answer])
        with stack.database() as connection:
            self._write_model(stack, connection)
            for what, query in CHECKS:
                yield from (f"{what}: {row}" for row in connection.execute(query))
        for verifier in ("ledger", "audit"):
            ended = stack.insure(verifier, "verify")
            if ended.returncode:
                yield f"insure {verifier} verify ended with {ended.returncode}: {ended.stdout}{ended.stderr[-500:]}"

    def _write_model(self, stack: Stack, connection: psycopg.Connection[dict[str, Any]]) -> None:
        connection.execute(MODEL)
        given = [(account["email"], "given") for account in stack.state["accounts"].values()]
        accounts = [(one.email, one.state) for one in self.accounts]
        debts = [
            (one.charge, one.email, one.amount_in_cents, one.is_void, one.elsewhere_in_cents) for one in self.debts
        ]
        wishes = [
            (
                one.key,
                one.email,
                one.charge,
                one.amount_in_cents,
                [*one.acknowledged],
                one.refused,
                one.pressed,
                one.status,
            )
            for one in self.wishes
        ]
        control = stack.sandbox.get("/control/").json()
        transactions = [
            (one["reference"], one["status"], one["amount_in_cents"])
            for one in (*_provider_transactions(stack), *control["pse"]["state"])
        ]
        reported = control["casse"]["state"]["payments"]
        messages = stack.sandbox.get("/mail/messages/").json()
        mails = [(message["to"],) for message in messages if message["attachments"]]
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO account VALUES (%s, %s)", [*given, *accounts])
            cursor.executemany("INSERT INTO debt VALUES (%s, %s, %s, %s, %s)", debts)
            cursor.executemany("INSERT INTO wish VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", wishes)
            cursor.executemany("INSERT INTO provider_transaction VALUES (%s, %s, %s)", transactions)
            core_payments = [
                (one["reference"], *share, one["amount"])
                for one in reported
                if not one["reversed"]
                for share in one["charges"].items()
            ]
            cursor.executemany(
                "INSERT INTO core_payment VALUES (%s, %s, 100 * %s::numeric, 100 * %s::numeric)", core_payments
            )
            cursor.executemany("INSERT INTO receipt_mail VALUES (%s)", mails)


def _provider_transactions(stack: Stack) -> Iterator[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {stack.state['env']['WOMPI_PRIVATE_KEY']}"}
    for page in range(1, 1000):
        query = {"page": page, "page_size": 200}
        answer = stack.sandbox.get("/wompi/v1/transactions", params=query, headers=headers).raise_for_status()
        yield from (rows := answer.json()["data"])
        if len(rows) < query["page_size"]:
            return
