"""insure_payments: a month closed for 100,000 accounts.

The accounts and their lines, before, in and after the month, are made in SQL with the ledger's triggers off.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ |= {"DJANGO_SETTINGS_MODULE": "composed_settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction

from insure_common import clock
from insure_common.outbox import RetryLater
from insure_payments.models import StatementPeriod
from insure_payments.periods import month_before, month_of, start_of
from insure_payments.services.close_statements import close_statements

ACCOUNTS = 100_000
LINES = 12
"""Of each account; every other one is a payment, a third of them is before the month and a third after it."""
FILL = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL session_replication_role = replica",
    """
    INSERT INTO insure_payments_account (id, kind, currency, created_at) VALUES (uuidv7(), 'PREMIUM', 'COP', now())
    ON CONFLICT DO NOTHING
    """,
    "CREATE TEMPORARY TABLE client ON COMMIT DROP AS SELECT uuidv7() AS id FROM generate_series(1, %(accounts)s)",
    """
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT client.id AS account, n, uuidv7() AS id, CASE n %% 2 WHEN 0 THEN 'PAYMENT' ELSE 'CHARGE' END AS kind,
      CASE n %% 2 WHEN 0 THEN -40 ELSE 100 END AS amount, (n + 1) / 2 * 100 - n / 2 * 40 AS balance,
      CASE
        WHEN n <= %(lines)s / 3 THEN %(starts_at)s - interval '1 day'
        WHEN n <= %(lines)s * 2 / 3 THEN %(starts_at)s + interval '10 days'
        ELSE %(ends_at)s + interval '1 hour'
      END AS at
    FROM client, generate_series(1, %(lines)s) n
    """,
    """
    INSERT INTO insure_payments_account
      (id, kind, user_id, currency, balance_in_cents, last_seq, last_posted_at, created_at)
    SELECT account, 'CLIENT', uuidv7(), 'COP', balance, n, at, %(starts_at)s FROM made WHERE n = %(lines)s
    """,
    """
    INSERT INTO insure_payments_entry (id, kind, source, external_id, description, posted_at, lines_count)
    SELECT id, kind, 'BENCH', id::text, 'bench', at, 2 FROM made
    """,
    """
    INSERT INTO insure_payments_line
      (id, entry_id, account_id, amount_in_cents, currency, posted_at, account_seq, balance_after_in_cents)
    SELECT uuidv7(), id, account, amount, 'COP', at, n, balance FROM made
    """,
    """
    INSERT INTO insure_payments_line (id, entry_id, account_id, amount_in_cents, currency, posted_at)
    SELECT uuidv7(), made.id, house.id, -amount, 'COP', at
    FROM made, insure_payments_account house WHERE house.kind = 'PREMIUM' AND house.currency = 'COP'
    """,
)
RIGHT = """
SELECT count(*) FROM insure_payments_statement WHERE period = %s AND
  (opening_in_cents, charges_in_cents, payments_in_cents, closing_in_cents) = (120, 200, 80, 240)
"""


def main() -> None:
    call_command("migrate", verbosity=0)
    period = month_before(month_of(clock.now()))
    values = {
        "accounts": ACCOUNTS,
        "lines": LINES,
        "starts_at": start_of(period),
        "ends_at": start_of(month_of(clock.now())),
    }
    with transaction.atomic(), connection.cursor() as server:
        for statement in FILL:
            server.execute(statement, values)
    with connection.cursor() as server:
        server.execute("SET statement_timeout = 0")
        server.execute("VACUUM ANALYZE")
        server.execute("RESET statement_timeout")
    started = time.perf_counter()
    while not StatementPeriod.objects.filter(period=period).exclude(closed_at=None).exists():
        with suppress(RetryLater):
            close_statements()
    seconds = time.perf_counter() - started
    with connection.cursor() as server:
        server.execute(RIGHT, [period])
        assert server.fetchone() == (ACCOUNTS,)
    print(f"{ACCOUNTS} accounts with {LINES} lines each: month closed in {seconds:.1f} s   (gate: 180)")


if __name__ == "__main__":
    main()
