"""insure_payments: reads of an account that has 2 thousand and 2 million lines, charges or statements.

The rows are made in SQL with the ledger's triggers off. Views are called in this process, without HTTP; pages of both
accounts, the first and the deepest, take turns, and each figure is a median.
"""

import os
import random
import statistics
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ |= {"DJANGO_SETTINGS_MODULE": "composed_settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction
from rest_framework.test import APIRequestFactory, force_authenticate

from insure_common.ids import new_id
from insure_payments.selectors.accounts import account_of
from insure_payments.views.account import AccountView, ChargeListView, EntryListView, StatementListView
from insure_users.models import User
from insure_users.testing.factories import person

SIZES = (2_000, 2_000_000)
STATEMENTS = 1_000
SAMPLES = 400
PAGE = 50
FACTORY = APIRequestFactory()

FILL = (
    "SET LOCAL session_replication_role = replica",
    """
    INSERT INTO insure_payments_account
      (id, kind, user_id, currency, balance_in_cents, last_seq, last_posted_at, created_at)
    VALUES (%(account)s, 'CLIENT', %(user)s, 'COP', %(lines)s, %(lines)s, now(), now())
    """,
    """
    INSERT INTO insure_payments_account (id, kind, currency, created_at) VALUES (%(house)s, 'PREMIUM', 'COP', now())
    ON CONFLICT DO NOTHING
    """,
    """
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT n, uuidv7() AS id, now() - (%(lines)s - n) * interval '1 second' AS at FROM generate_series(1, %(lines)s) n
    """,
    """
    INSERT INTO insure_payments_entry (id, kind, source, external_id, description, posted_at, lines_count)
    SELECT id, 'CHARGE', 'BENCH', id::text, 'bench', at, 2 FROM made
    """,
    """
    INSERT INTO insure_payments_line
      (id, entry_id, account_id, amount_in_cents, currency, posted_at, account_seq, balance_after_in_cents)
    SELECT uuidv7(), id, %(account)s, 1, 'COP', at, n, n FROM made
    """,
    """
    INSERT INTO insure_payments_charge (id, system, reference, holder_reference, user_id, policy_reference, concept,
      due_date, amount_in_cents, tax_in_cents, currency, paid_in_cents, external_paid_in_cents, status, entry_id,
      revision, created_at, updated_at)
    SELECT uuidv7(), 'BENCH', id::text, '', %(user)s, 'POL-1', 'Prima', date '2000-01-01' + n / 100, 1, 0, 'COP', 0, 0,
      'OPEN', id, 0, at, at FROM made
    """,
    """
    INSERT INTO insure_payments_statement (id, account_id, period, first_seq, opening_in_cents, created_at, closed_at,
      charges_in_cents, payments_in_cents, closing_in_cents, end_seq)
    SELECT uuidv7(), %(account)s, (date '1900-01-01' + n * interval '1 month')::date, 1 + (n - 1) * %(each)s,
      (n - 1) * %(each)s, now(), now(), %(each)s, 0, n * %(each)s, 1 + n * %(each)s
    FROM generate_series(1, %(statements)s) n
    """,
)


def fill(user: User, *, lines: int, statements: int) -> None:
    values = {"user": user.pk, "account": new_id(), "house": new_id(), "lines": lines, "statements": statements}
    with transaction.atomic(), connection.cursor() as server:
        for statement in FILL:
            server.execute(statement, values | {"each": lines // statements})


def get(view: Any, user: User, query: dict[str, Any]) -> Any:
    request = FACTORY.get("/", query)
    force_authenticate(request, user)
    answer = view(request)
    answer.render()
    assert answer.status_code == 200, answer.data
    return answer.data


def cursor(position: object) -> dict[str, str]:
    """The query of the page that begins after this value of the first field of the order."""
    return {"cursor": b64encode(urlencode({"p": position}).encode()).decode()}


def pages_of(user: User, *, lines: int, statements: int) -> dict[str, Callable[[], Any]]:
    """The first and the last full page of each list."""
    entries, charges = EntryListView.as_view(), ChargeListView.as_view()
    months = StatementListView.as_view()
    last_due, oldest = date(2000, 1, 1) + timedelta((lines - 1) // 100 - 1), add_months(date(1900, 1, 1), PAGE + 1)
    size = {"page_size": PAGE}
    return {
        "entries, first page": lambda: get(entries, user, size),
        "entries, deepest page": lambda: get(entries, user, size | cursor(PAGE + 1)),
        "charges, first page": lambda: get(charges, user, size),
        "charges, deepest page": lambda: get(charges, user, size | cursor(last_due)),
        "statements, first page": lambda: get(months, user, size),
        "statements, deepest page": lambda: get(months, user, size | cursor(oldest)),
    }


def add_months(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)


def medians(variants: dict[Any, Callable[[], Any]]) -> dict[Any, float]:
    """Milliseconds of each; they take turns in an order that changes."""
    figures: dict[Any, list[float]] = {name: [] for name in variants}
    names = list(variants)
    for name in names * 5:
        variants[name]()
    for _ in range(SAMPLES):
        random.shuffle(names)
        for name in names:
            started = time.perf_counter()
            variants[name]()
            figures[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in figures.items()}


def main() -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as server:
        # Two million rows take longer than a request may.
        server.execute("SET statement_timeout = 0")
    start = time.time_ns() // 1000 % 10**9
    variants: dict[Any, Callable[[], Any]] = {}
    summary = AccountView.as_view()
    for number, lines in enumerate(SIZES):
        user = User.objects.create(
            **person(email_primary=f"a{start + number}@example.com", id_number=str(start + number))
        )
        fill(user, lines=lines, statements=STATEMENTS)
        variants["balance", lines] = lambda user=user: account_of(user.pk)
        variants["account, whole view", lines] = lambda user=user: get(summary, user, {})
        for name, page in pages_of(user, lines=lines, statements=STATEMENTS).items():
            assert len(page()["results"]) == PAGE, name
            variants[name, lines] = page
    with connection.cursor() as server:
        server.execute("VACUUM ANALYZE")
    found = medians(variants)
    small, large = SIZES
    for name in dict.fromkeys(name for name, _ in variants):
        milliseconds = found[name, small], found[name, large]
        gate = "gate: 1 ms" if name == "balance" else "gate: 1.20"
        print(
            f"{name:<32}{milliseconds[0]:8.3f} ms of {small} lines{milliseconds[1]:9.3f} ms of {large}"
            f"   x {milliseconds[1] / milliseconds[0]:.2f}   ({gate})"
        )
    for name in ("entries", "charges", "statements"):
        depth = found[f"{name}, deepest page", large] / found[f"{name}, first page", large]
        print(f"{name}: deepest page x {depth:.2f} of the first   (gate: 1.20)")


if __name__ == "__main__":
    main()
