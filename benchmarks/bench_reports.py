"""insure_audit: a CSV of ten thousand and of a million movements of the ledger, and the longest PDF: time and memory.

The rows are made in SQL with the ledger's triggers off. The report is rendered in this process, as a worker does.
"""

import os
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ |= {"DJANGO_SETTINGS_MODULE": "composed_settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction

from insure_audit.enums import ReportFormat, ReportStatus
from insure_audit.models import Report
from insure_audit.services.render_report import render_report
from insure_audit.services.request_report import request_report
from insure_users.enums import Role
from insure_users.models import User
from insure_users.testing.factories import person

CLIENTS = 1_000
REPORTS = (
    ("CSV", 10_000, date(2001, 1, 1)),
    ("CSV", 1_000_000, date(2002, 1, 1)),
    ("PDF", 5_000, date(2003, 1, 1)),
)
"""Format, rows and the day that has them."""

FILL = (
    "SET LOCAL session_replication_role = replica",
    """
    INSERT INTO insure_payments_account (id, kind, user_id, currency, balance_in_cents, last_seq, created_at)
    SELECT uuidv7(), 'CLIENT', id, 'COP', 0, 0, now() FROM insure_users_user
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO insure_payments_account (id, kind, currency, created_at) VALUES (uuidv7(), 'PREMIUM', 'COP', now())
    ON CONFLICT DO NOTHING
    """,
    """
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT n, uuidv7() AS id FROM generate_series(1, %(rows)s / 2) n
    """,
    """
    INSERT INTO insure_payments_entry (id, kind, source, external_id, description, posted_at, lines_count)
    SELECT id, 'CHARGE', 'BENCH', id::text, 'Prima seguro de hogar', %(at)s, 2 FROM made
    """,
    """
    INSERT INTO insure_payments_line (id, entry_id, account_id, amount_in_cents, currency, posted_at)
    SELECT uuidv7(), made.id, house.id, -100 * n, 'COP', %(at)s
    FROM made, (SELECT id FROM insure_payments_account WHERE kind = 'PREMIUM' AND currency = 'COP') house
    """,
    """
    INSERT INTO insure_payments_line
      (id, entry_id, account_id, amount_in_cents, currency, posted_at, account_seq, balance_after_in_cents)
    SELECT uuidv7(), made.id, client.id, 100 * n, 'COP', %(at)s, %(first)s + n, 100 * n
    FROM made JOIN (SELECT id, row_number() OVER () AS place FROM insure_payments_account WHERE kind = 'CLIENT') client
      ON client.place = 1 + n %% %(clients)s
    """,
)


def fill(day: date, *, rows: int) -> None:
    values = {"at": f"{day}T12:00-05:00", "rows": rows, "clients": CLIENTS}
    with transaction.atomic(), connection.cursor() as server:
        server.execute("SELECT coalesce(max(account_seq), 0) FROM insure_payments_line")
        (first,) = server.fetchone()
        for statement in FILL:
            server.execute(statement, values | {"first": first})


def peak() -> int:
    """The most memory that this process has held, in megabytes, since `forget_peak`."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def main() -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as server:
        server.execute("SET statement_timeout = 0")
    start = time.time_ns() // 1000 % 10**9
    people = [person(email_primary=f"r{start + n}@example.com", id_number=str(start + n)) for n in range(CLIENTS)]
    *_, admin = User.objects.bulk_create([User(**fields, role=Role.ADMIN) for fields in people])
    for _, rows, day in REPORTS:
        fill(day, rows=rows)
    with connection.cursor() as server:
        server.execute("VACUUM ANALYZE")
    for format, rows, day in REPORTS:
        report = request_report(
            actor=admin,
            kind="payments.movements",
            format=ReportFormat(format),
            parameters={"from": day.isoformat(), "to": day.isoformat()},
        )
        forget_peak()
        before, started = peak(), time.perf_counter()
        render_report(report_id=report.pk)
        seconds, grown = time.perf_counter() - started, peak() - before
        done = Report.objects.get(pk=report.pk)
        assert (done.status, done.rows) == (ReportStatus.DONE, rows), (done.status, done.rows, done.failure_reason)
        size = default_storage.size(done.path) / 1_000_000
        gate = "   (gate: 64 MB)" if format == "CSV" else ""
        print(f"{format} of {rows:>9,} rows{size:8.1f} MB{seconds:8.1f} s   memory + {grown} MB{gate}")


if __name__ == "__main__":
    main()
