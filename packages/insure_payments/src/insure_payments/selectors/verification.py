"""Recompute the ledger from its lines and name every difference."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection

from insure_common.database import snapshot

MOST_NAMED = 100
"""Of each kind of difference that many are named; the rest is counted."""

# Each query yields one text per difference. PostgreSQL refuses all of this at commit; these would show a disabled
# trigger, a restored backup or a change made behind PostgreSQL's back.
CHECKS = {
    "entries that do not balance": """
        SELECT entry_id || ' ' || currency || ' ' || sum(amount_in_cents)
        FROM insure_payments_line GROUP BY entry_id, currency HAVING sum(amount_in_cents) <> 0
    """,
    "entries with lines missing or added": """
        SELECT entry.id::text FROM insure_payments_entry entry
        LEFT JOIN (SELECT entry_id, count(*) AS found FROM insure_payments_line GROUP BY 1) lines
          ON lines.entry_id = entry.id
        WHERE entry.lines_count <> coalesce(lines.found, 0)
    """,
    "lines that do not follow from the line before": """
        SELECT id::text FROM (
          SELECT id, account_seq, balance_after_in_cents, amount_in_cents,
            lag(account_seq, 1, 0::bigint) OVER w AS seq_before,
            lag(balance_after_in_cents, 1, 0::bigint) OVER w AS balance_before
          FROM insure_payments_line WHERE account_seq IS NOT NULL
          WINDOW w AS (PARTITION BY account_id ORDER BY account_seq)
        ) chain
        WHERE account_seq <> seq_before + 1 OR balance_after_in_cents <> balance_before + amount_in_cents
    """,
    "balances that are not the sum of their lines": """
        SELECT account.id || ' ' || account.balance_in_cents || ' instead of ' || coalesce(lines.total, 0)
        FROM insure_payments_account account
        LEFT JOIN (SELECT account_id, sum(amount_in_cents) AS total FROM insure_payments_line GROUP BY 1) lines
          ON lines.account_id = account.id
        WHERE account.kind = 'CLIENT' AND account.balance_in_cents <> coalesce(lines.total, 0)
    """,
    "balances that are not charges less payments": """
        SELECT account.id || ' ' || account.balance_in_cents || ' instead of '
          || (coalesce(due.total, 0) - coalesce(paid.total, 0))
        FROM insure_payments_account account
        LEFT JOIN (
          SELECT user_id, currency,
            sum(CASE status WHEN 'VOID' THEN 0 ELSE amount_in_cents END) - sum(external_paid_in_cents) AS total
          FROM insure_payments_charge WHERE entry_id IS NOT NULL GROUP BY 1, 2
        ) due ON due.user_id = account.user_id AND due.currency = account.currency
        LEFT JOIN (
          SELECT user_id, currency, sum(settled_in_cents - refunded_in_cents) AS total
          FROM insure_payments_payment GROUP BY 1, 2
        ) paid ON paid.user_id = account.user_id AND paid.currency = account.currency
        WHERE account.kind = 'CLIENT' AND account.balance_in_cents <> coalesce(due.total, 0) - coalesce(paid.total, 0)
    """,
    "charges whose paid amount is not what was allocated and paid elsewhere": """
        SELECT charge.system || ' ' || charge.reference FROM insure_payments_charge charge
        LEFT JOIN (
          SELECT charge_id, sum(settled_in_cents) AS total FROM insure_payments_allocation GROUP BY 1
        ) ours ON ours.charge_id = charge.id
        WHERE charge.status <> 'VOID'
          AND charge.paid_in_cents
            <> least(charge.amount_in_cents, charge.external_paid_in_cents + coalesce(ours.total, 0))
    """,
    "closed statements that are not what the ledger says": """
        SELECT statement.id::text FROM insure_payments_statement statement
        LEFT JOIN insure_payments_line before
          ON before.account_id = statement.account_id AND before.account_seq = statement.first_seq - 1
        LEFT JOIN insure_payments_line last
          ON last.account_id = statement.account_id AND last.account_seq = statement.end_seq - 1
        LEFT JOIN insure_payments_line next
          ON next.account_id = statement.account_id AND next.account_seq = statement.end_seq
        WHERE statement.closed_at IS NOT NULL AND (
          statement.opening_in_cents <> coalesce(before.balance_after_in_cents, 0)
          OR statement.closing_in_cents <> coalesce(last.balance_after_in_cents, 0)
          OR before.posted_at >= statement.period::timestamp AT TIME ZONE 'America/Bogota'
          OR last.posted_at >= (statement.period + interval '1 month') AT TIME ZONE 'America/Bogota'
          OR next.posted_at < (statement.period + interval '1 month') AT TIME ZONE 'America/Bogota'
        )
    """,
    "payments that are allocated beyond what was settled": """
        SELECT payment.reference FROM insure_payments_payment payment
        JOIN insure_payments_allocation allocation ON allocation.payment_id = payment.id
        GROUP BY payment.id
        HAVING sum(allocation.settled_in_cents) > greatest(0, payment.settled_in_cents - payment.refunded_in_cents)
    """,
    "payments with money on no charge and no open case, or the other way round": """
        SELECT payment.reference FROM insure_payments_payment payment
        LEFT JOIN (
          SELECT payment_id, sum(settled_in_cents) AS total FROM insure_payments_allocation GROUP BY 1
        ) used ON used.payment_id = payment.id
        LEFT JOIN insure_payments_case waiting
          ON waiting.payment_id = payment.id AND waiting.kind = 'CREDIT' AND waiting.closed_at IS NULL
        WHERE (payment.settled_in_cents - payment.refunded_in_cents > coalesce(used.total, 0))
          <> (waiting.id IS NOT NULL)
    """,
}


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """How many entries and accounts were looked at, and what is wrong with them."""

    entries: int
    accounts: int
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def verify_ledger() -> LedgerReport:
    """Recompute everything in one snapshot. PostgreSQL does the sums, so memory does not grow with the ledger."""
    with snapshot(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM insure_payments_entry), (SELECT count(*) FROM insure_payments_account)"
        )
        entries, accounts = cursor.fetchone()
        return LedgerReport(entries=entries, accounts=accounts, problems=list(_problems()))


def _problems() -> Iterator[str]:
    for name, query in CHECKS.items():
        with connection.cursor() as cursor:
            cursor.execute(query)
            for (difference,) in cursor.fetchmany(MOST_NAMED):
                yield f"{name}: {difference}"
            if more := sum(1 for _ in cursor):
                yield f"{name}: {more} more"
