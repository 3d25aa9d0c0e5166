"""Close the months that are over: one statement for every account, by set-based SQL.

A posting's time is fixed before it commits, so a month that is over may still get postings. First the month is shut:
from the commit of its StatementPeriod on PostgreSQL refuses postings into it, and `post_entry` moves them to the next
month. Then everything that was under way at that moment is waited for. Only then statements are made.
"""

import logging
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from insure_audit.public import record
from insure_common import clock, outbox
from insure_payments.enums import CHARGE_KINDS, AccountKind
from insure_payments.models import Account, StatementPeriod
from insure_payments.periods import month_after, month_of, start_of

logger = logging.getLogger(__name__)

GRACE = timedelta(minutes=30)
"""A month is shut this long after its end, so that no posting of a slow transaction or a slow clock is turned away."""
PAUSE = timedelta(seconds=10)
SLICE = timedelta(seconds=90)
BATCH = 5_000

# The newest lines come first in the chain, and of a month just closed hardly any is newer than its end. The id is a
# UUIDv7, like those that Python makes.
MAKE_STATEMENTS = """
WITH batch AS (
  SELECT id FROM insure_payments_account
  WHERE kind = %(client)s AND created_at < %(ends_at)s AND (%(after)s::uuid IS NULL OR id > %(after)s)
  ORDER BY id LIMIT %(size)s
), made AS (
  INSERT INTO insure_payments_statement AS statement (
    id, account_id, period, created_at, first_seq, end_seq, opening_in_cents, charges_in_cents, payments_in_cents,
    closing_in_cents, closed_at
  )
  SELECT
    encode(set_byte(overlay(uuid_send(gen_random_uuid()) PLACING
      substring(int8send((extract(epoch FROM %(now)s::timestamptz) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
      6, 112 + floor(random() * 16)::int), 'hex')::uuid,
    batch.id, %(period)s, %(now)s, coalesce(before.account_seq, 0) + 1, coalesce(last.account_seq, 0) + 1,
    coalesce(before.balance_after_in_cents, 0), coalesce(charged.total, 0),
    coalesce(before.balance_after_in_cents, 0) + coalesce(charged.total, 0) - coalesce(last.balance_after_in_cents, 0),
    coalesce(last.balance_after_in_cents, 0), %(now)s
  FROM batch
  LEFT JOIN LATERAL (
    SELECT account_seq, balance_after_in_cents FROM insure_payments_line
    WHERE account_id = batch.id AND posted_at < %(ends_at)s ORDER BY account_seq DESC LIMIT 1
  ) last ON true
  LEFT JOIN LATERAL (
    SELECT account_seq, balance_after_in_cents FROM insure_payments_line
    WHERE account_id = batch.id AND posted_at < %(starts_at)s ORDER BY account_seq DESC LIMIT 1
  ) before ON true
  LEFT JOIN LATERAL (
    SELECT sum(line.amount_in_cents) AS total FROM insure_payments_line line
    JOIN insure_payments_entry entry ON entry.id = line.entry_id
    WHERE line.account_id = batch.id AND entry.kind = ANY(%(charge_kinds)s)
      AND line.account_seq > coalesce(before.account_seq, 0) AND line.account_seq <= last.account_seq
  ) charged ON true
  ON CONFLICT (account_id, period) DO UPDATE SET
    end_seq = excluded.end_seq, charges_in_cents = excluded.charges_in_cents,
    payments_in_cents = excluded.payments_in_cents, closing_in_cents = excluded.closing_in_cents,
    closed_at = excluded.closed_at
  RETURNING account_id
)
SELECT count(*), (SELECT id FROM batch ORDER BY id DESC LIMIT 1) FROM made
"""


def close_statements() -> int:
    """Close each month that is over, the oldest first; returns how many statements were made or completed.

    Raises RetryLater while a posting into the month may still commit, and when its slice of time is used up; it goes on
    where it was, in any process.
    """
    ends_at = clock.now() + SLICE
    made = 0
    while (period := _due_period()) is not None:
        if not period.closed_at:
            _wait_for_postings(period)
        while not period.closed_at:
            made += _close_batch(period)
            if clock.now() >= ends_at:
                raise outbox.RetryLater(timedelta(0))
    return made


def _due_period() -> StatementPeriod | None:
    """The oldest month that is to be closed now, shut; None if there is none."""
    last = StatementPeriod.objects.order_by("-period").first()
    if last is not None and not last.closed_at:
        return last
    period = month_after(last.period) if last else _first_month()
    if period is None or clock.now() < start_of(month_after(period)) + GRACE:
        return None
    return StatementPeriod.objects.get_or_create(period=period, defaults={"ends_at": start_of(month_after(period))})[0]


def _first_month() -> date | None:
    oldest = Account.objects.filter(kind=AccountKind.CLIENT).aggregate(oldest=Min("created_at"))["oldest"]
    return month_of(oldest) if oldest else None


def _wait_for_postings(period: StatementPeriod) -> None:
    """Transactions that did not see the month shut have numbers below the barrier, which is set after its commit."""
    if period.barrier is None:
        period.barrier = _value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        StatementPeriod.objects.filter(pk=period.pk, barrier=None).update(barrier=period.barrier)
    if _value("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint") < period.barrier:
        raise outbox.RetryLater(PAUSE)


def _close_batch(period: StatementPeriod) -> int:
    with transaction.atomic():
        period.refresh_from_db(from_queryset=StatementPeriod.objects.select_for_update())
        if period.closed_at:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(
                MAKE_STATEMENTS,
                {
                    "client": AccountKind.CLIENT,
                    "charge_kinds": list(CHARGE_KINDS),
                    "period": period.period,
                    "starts_at": start_of(period.period),
                    "ends_at": period.ends_at,
                    "after": period.last_account,
                    "size": BATCH,
                    "now": clock.now(),
                },
            )
            made, last_account = cursor.fetchone()
        period.statements += made
        period.last_account = last_account or period.last_account
        if made < BATCH:
            _finish(period)
        period.save()
    return int(made)


def _finish(period: StatementPeriod) -> None:
    period.closed_at = clock.now()
    metadata = {"period": f"{period.period:%Y-%m}", "statements": period.statements}
    record(
        "payments.statements_closed",
        target_type="insure_payments.statementperiod",
        target_id=period.pk,
        metadata=metadata,
    )
    logger.info("statements closed", extra=metadata)


def _value(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]
