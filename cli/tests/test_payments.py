"""Payments and the ledger from a terminal, on the running stack's database."""

import os
import re
import subprocess
import sys

import pytest

REASON = ("--reason", "Solicitud 4711")
NOBODY = "0194f3c0-0000-7000-8000-000000000000"

# A payment by PSE that was approved twice; its reference is printed.
APPROVED_TWICE = """
import sys, django
django.setup()
from django.contrib.auth import get_user_model
from django.db import transaction
from insure_payments.enums import TransactionStatus
from insure_payments.gateways.base import GatewayTransaction
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

user = get_user_model().objects.get(email_primary=sys.argv[1])
with transaction.atomic():
    charge = factories.make_charge(user=user, system="TEST")
    payment = factories.make_payment(user=user, charges=[charge])
    for number in (1, 2):
        reported = GatewayTransaction(
            provider="WOMPI",
            provider_id=f"{payment.reference}-{number}",
            reference=payment.reference,
            status=TransactionStatus.APPROVED,
            amount_in_cents=payment.amount_in_cents,
            currency="COP",
        )
        settle_payment(payment_id=payment.pk, reported=reported)
print(payment.reference)
"""


@pytest.fixture(scope="module")
def insure(running):
    def insure(*arguments, acting=""):
        by = ("--as", running.state["accounts"][acting]["email"]) if acting else ()
        return running.insure(*arguments, *by, **running.state["env"])

    return insure


def test_ledger_adds_up_and_shows_its_lines(running, insure):
    balance = insure("ledger", "balance")
    assert balance.returncode == 0, balance.stderr
    assert balance.stdout.splitlines()[0].split() == ["ACCOUNTS", "OF", "KIND", "CUR", "NUMBER", "CENTS"]
    shown = insure("ledger", "show", acting="SUPERVISOR")
    assert shown.returncode == 0, shown.stderr
    head, *rows = shown.stdout.splitlines()
    assert head.split()[:3] == ["POSTED", "(UTC)", "KIND"]
    assert shown.stderr.strip() == f"{len(rows)} {'line' if len(rows) == 1 else 'lines'}"
    assert insure("ledger", "show", "--from", "2090-01-01", acting="ADMIN").stderr.strip() == "0 lines"


def test_ledger_of_one_client_is_shown_by_right(running, insure):
    client = running.state["accounts"]["CLIENT"]["email"]
    assert insure("ledger", "show", client, acting="ADMIN").returncode == 0
    refused = insure("ledger", "show", client, acting="CLIENT")
    assert (refused.returncode, refused.stdout) == (2, "")
    unknown = insure("ledger", "show", NOBODY, acting="ADMIN")
    assert (unknown.returncode, unknown.stderr.strip()) == (2, "Not found.")


def test_sweep_counts_what_is_due(insure):
    swept = insure("payments", "sweep")
    assert swept.returncode == 0
    assert swept.stdout.strip().endswith("will be asked about.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", NOBODY),
        ("replay-webhook", NOBODY, *REASON),
        ("void", NOBODY, *REASON),
        ("resolve", NOBODY, "--apply", *REASON),
    ],
)
def test_only_who_may_learns_that_something_does_not_exist(insure, arguments):
    allowed = insure("payments", *arguments, acting="ADMIN")
    assert (allowed.returncode, allowed.stderr.strip()) == (2, "Not found.")
    refused = insure("payments", *arguments, acting="CLIENT")
    assert refused.returncode == 2
    assert "permission" in refused.stderr


def test_resolving_needs_an_outcome_a_reason_and_a_known_actor(insure):
    assert insure("payments", "resolve", NOBODY, *REASON, acting="ADMIN").returncode == 2
    assert "--reason" in insure("payments", "resolve", NOBODY, "--apply", acting="ADMIN").stderr
    blank = insure("payments", "resolve", NOBODY, "--apply", "--reason", " ", acting="ADMIN")
    assert blank.stderr.strip() == "reason: A reason is required."
    assert insure("payments", "resolve", NOBODY, "--apply", *REASON, "--as", "nobody@example.com").returncode == 2


def test_double_approval_is_shown_and_resolved_from_the_terminal(running, insure):
    environment = os.environ | running.state["env"] | {"DJANGO_SETTINGS_MODULE": "deploy_project.settings"}
    client = running.state["accounts"]["CLIENT"]["email"]
    made = subprocess.run(
        [sys.executable, "-c", APPROVED_TWICE, client], env=environment, capture_output=True, text=True, timeout=60
    )
    assert made.returncode == 0, made.stderr
    reference = made.stdout.split()[-1]

    shown = insure("payments", "show", reference, acting="SUPERVISOR")
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"^credit +11,900,000$", shown.stdout, re.MULTILINE)
    assert re.search(r"^CREDIT +open", shown.stdout, re.MULTILINE)
    for number in (1, 2):
        assert re.search(rf"^{reference}-{number} +APPROVED +11,900,000 +COP$", shown.stdout, re.MULTILINE)

    refused = insure("payments", "void", reference, *REASON, "--transaction", f"{reference}-2", acting="ADMIN")
    assert refused.returncode == 2
    assert "by card" in refused.stderr
    for acting, status in (("SUPERVISOR", 2), ("ADMIN", 0), ("ADMIN", 2)):
        resolved = insure("payments", "resolve", reference, "--returned", *REASON, acting=acting)
        assert resolved.returncode == status, resolved.stderr

    after = insure("payments", "show", reference, acting="ADMIN").stdout
    assert re.search(r"^CREDIT +RETURNED +11,900,000 +COP .*: Solicitud 4711$", after, re.MULTILINE)
    assert "REFUND" in insure("ledger", "show", client, acting="ADMIN").stdout
    assert "REFUNDS" in insure("ledger", "balance").stdout
    assert insure("ledger", "verify").returncode == 0
