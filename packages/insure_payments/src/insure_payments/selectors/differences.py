"""On what our payments of a day and the other sides do not agree, found by set-based SQL."""

from datetime import timedelta
from typing import Any

from insure_common import clock
from insure_payments.conf import PaymentsSettings
from insure_payments.models import Reconciliation
from insure_payments.periods import start_of

REPORT_TIME = timedelta(hours=1)
"""How long telling the core system of a settled payment may take."""

# Each query gives (side, kind, subject, payment, ours, theirs). `reported` is what the provider says of the day's
# transactions, ours among them that its list lacks; `own` are the transactions that we opened on that day.
_REPORTED = """
  reported AS (SELECT * FROM insure_payments_reportedtransaction WHERE reconciliation_id = %(run)s),
  own AS (
    SELECT * FROM insure_payments_transaction
    WHERE provider = %(provider)s AND created_at >= %(starts_at)s AND created_at < %(ends_at)s
  )
"""

_FOUND = (
    """
    SELECT 'PROVIDER', 'MISSING_HERE', reported.provider_id, payment.id, '',
      reported.status || ' ' || reported.amount_in_cents || ' ' || reported.currency
    FROM reported
    LEFT JOIN insure_payments_transaction known
      ON known.provider = %(provider)s AND known.provider_id = reported.provider_id
    LEFT JOIN insure_payments_payment payment
      ON payment.reference = reported.reference AND payment.provider = %(provider)s
    WHERE known.id IS NULL AND NOT reported.is_missing
    """,
    """
    SELECT 'PROVIDER', 'MISSING_THERE', known.provider_id, known.payment_id, known.status, ''
    FROM reported JOIN insure_payments_transaction known
      ON known.provider = %(provider)s AND known.provider_id = reported.provider_id
    WHERE reported.is_missing
    """,
    """
    SELECT 'PROVIDER', 'AMOUNT', known.provider_id, known.payment_id, known.amount_in_cents || ' ' || known.currency,
      reported.amount_in_cents || ' ' || reported.currency
    FROM reported JOIN insure_payments_transaction known
      ON known.provider = %(provider)s AND known.provider_id = reported.provider_id
    WHERE NOT reported.is_missing
      AND (known.amount_in_cents, known.currency) <> (reported.amount_in_cents, reported.currency)
    """,
    """
    SELECT 'PROVIDER', 'STATUS', known.provider_id, known.payment_id, known.status, reported.status
    FROM reported JOIN insure_payments_transaction known
      ON known.provider = %(provider)s AND known.provider_id = reported.provider_id
    WHERE NOT reported.is_missing AND known.status <> reported.status
    """,
    """
    SELECT 'PROVIDER', 'DOUBLE', payment.reference, payment.id, '1', count(*)::text
    FROM insure_payments_payment payment
    JOIN insure_payments_transaction approved ON approved.payment_id = payment.id AND approved.status = 'APPROVED'
    WHERE payment.id IN (SELECT payment_id FROM own) AND EXISTS (
      SELECT 1 FROM insure_payments_case surplus
      WHERE surplus.payment_id = payment.id AND surplus.kind = 'CREDIT' AND surplus.closed_at IS NULL
    )
    GROUP BY payment.id HAVING count(*) > 1
    """,
    """
    SELECT 'PAYMENTS', 'AMOUNT', payment.reference, payment.id, payment.settled_in_cents::text,
      coalesce(sum(approved.amount_in_cents), 0)::text
    FROM insure_payments_payment payment
    LEFT JOIN insure_payments_transaction approved
      ON approved.payment_id = payment.id AND approved.status = 'APPROVED'
    WHERE payment.id IN (SELECT payment_id FROM own)
    GROUP BY payment.id HAVING payment.settled_in_cents <> coalesce(sum(approved.amount_in_cents), 0)
    """,
    """
    SELECT 'LEDGER', 'AMOUNT', provider_id, payment_id, expected::text, posted::text FROM (
      SELECT own.provider_id, own.payment_id,
        CASE own.status WHEN 'APPROVED' THEN own.amount_in_cents ELSE 0 END AS expected,
        (SELECT coalesce(sum(line.amount_in_cents), 0) FROM insure_payments_line line
         JOIN insure_payments_account account ON account.id = line.account_id AND account.kind = 'CLEARING'
         WHERE line.entry_id IN (
           SELECT own.entry_id UNION ALL SELECT id FROM insure_payments_entry WHERE reverses_id = own.entry_id
         )) AS posted
      FROM own WHERE own.provider_id IS NOT NULL
    ) postings WHERE expected <> posted
    """,
    """
    SELECT 'LEDGER', 'MISSING_HERE', left(entry.external_id, 100), NULL::uuid, '', line.amount_in_cents::text
    FROM insure_payments_account account
    JOIN insure_payments_line line ON line.account_id = account.id
      AND line.posted_at >= %(starts_at)s AND line.posted_at < %(ends_at)s
    JOIN insure_payments_entry entry ON entry.id = line.entry_id AND entry.source = %(provider)s
      AND entry.kind = 'PAYMENT'
    LEFT JOIN insure_payments_transaction known ON known.entry_id = entry.id
    WHERE account.kind = 'CLEARING' AND known.id IS NULL
    """,
    """
    SELECT 'CORE', CASE WHEN told = 0 THEN 'MISSING_THERE' ELSE 'AMOUNT' END, reference, id, settled::text,
      coalesce(nullif(told, 0)::text, '')
    FROM (
      SELECT payment.reference, payment.id, allocated.amount AS settled, (
        SELECT coalesce(sum(report.amount_in_cents), 0) FROM insure_payments_corereport report
        JOIN insure_payments_allocation part ON part.id = report.allocation_id AND part.payment_id = payment.id
        WHERE report.reported_at IS NOT NULL AND report.reversed_at IS NULL
      ) AS told
      FROM insure_payments_payment payment CROSS JOIN LATERAL (
        SELECT coalesce(sum(part.settled_in_cents), 0) AS amount FROM insure_payments_allocation part
        JOIN insure_payments_charge charge ON charge.id = part.charge_id AND charge.system = %(core)s
        WHERE part.payment_id = payment.id
      ) allocated
      WHERE payment.id IN (
        SELECT own.payment_id FROM own JOIN insure_payments_entry entry
        ON entry.id = own.entry_id AND entry.posted_at < %(report_due)s
      )
    ) core WHERE settled <> told
    """,
)

DIFFERENCES = f"WITH {_REPORTED} {' UNION ALL '.join(_FOUND)}"


def day_of(run: Reconciliation) -> dict[str, Any]:
    """The parameters of both queries."""
    return {
        "run": run.pk,
        "provider": run.provider,
        "starts_at": start_of(run.date),
        "ends_at": start_of(run.date + timedelta(days=1)),
        "core": PaymentsSettings.load().CORE_SYSTEM,
        "report_due": clock.now() - REPORT_TIME,
        "period": run.date.replace(day=1),
    }


# Whose statement it is, the charges of the same holder say. A client with several holders has the sum of theirs.
STATEMENT_DIFFERENCES = """
  WITH holders AS (
    SELECT DISTINCT holder_reference, user_id FROM insure_payments_charge
    WHERE system = %(provider)s AND user_id IS NOT NULL
  ), theirs AS (
    SELECT holders.user_id, external.currency, min(external.reference) AS reference,
      sum(external.opening_in_cents) AS opening, sum(external.charges_in_cents) AS charges,
      sum(external.payments_in_cents) AS payments, sum(external.closing_in_cents) AS closing
    FROM insure_payments_externalstatement external
    JOIN holders ON holders.holder_reference = external.holder_reference
    WHERE external.system = %(provider)s AND external.period = %(period)s
    GROUP BY 1, 2
  ), ours AS (
    SELECT account.user_id, account.currency, account.id::text AS reference,
      statement.opening_in_cents AS opening, statement.charges_in_cents AS charges,
      statement.payments_in_cents AS payments, statement.closing_in_cents AS closing
    FROM insure_payments_statement statement JOIN insure_payments_account account ON account.id = statement.account_id
    WHERE statement.period = %(period)s AND statement.closed_at IS NOT NULL
      AND account.user_id IN (SELECT user_id FROM holders)
  )
  SELECT 'CORE',
    CASE WHEN ours.user_id IS NULL THEN 'MISSING_HERE' WHEN theirs.user_id IS NULL THEN 'MISSING_THERE'
      ELSE 'AMOUNT' END,
    coalesce(theirs.reference, ours.reference), NULL::uuid,
    coalesce(concat_ws(' ', ours.opening, ours.charges, ours.payments, ours.closing), ''),
    coalesce(concat_ws(' ', theirs.opening, theirs.charges, theirs.payments, theirs.closing), '')
  FROM ours FULL JOIN theirs ON theirs.user_id = ours.user_id AND theirs.currency = ours.currency
  WHERE (coalesce(ours.opening, 0), coalesce(ours.charges, 0), coalesce(ours.payments, 0), coalesce(ours.closing, 0))
    <> (coalesce(theirs.opening, 0), coalesce(theirs.charges, 0), coalesce(theirs.payments, 0),
        coalesce(theirs.closing, 0))
"""
