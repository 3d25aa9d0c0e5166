"""In a transaction of its own: checking the rows of a large ledger locks nobody out here."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

# Money that was on no charge before there were cases.
OPEN_CREDIT_CASES = """
INSERT INTO insure_payments_case (
  id, payment_id, kind, provider_id, mismatch, reported_status, currency, opened_at, outcome, reason, note,
  reportable_in_cents
)
SELECT gen_random_uuid(), payment.id, 'CREDIT', '', '', '', payment.currency, now(), '', '', '', 0
FROM insure_payments_payment payment
WHERE payment.settled_in_cents > (
  SELECT coalesce(sum(settled_in_cents), 0) FROM insure_payments_allocation WHERE payment_id = payment.id
)
ON CONFLICT DO NOTHING
"""

OPEN_QUARANTINE_CASES = """
INSERT INTO insure_payments_case (
  id, payment_id, transaction_id, kind, provider_id, mismatch, reported_status, amount_in_cents, currency, opened_at,
  outcome, reason, note, reportable_in_cents
)
SELECT gen_random_uuid(), payment_id, id, 'QUARANTINE', provider_id, mismatch, status, amount_in_cents, currency, now(),
  '', '', '', 0
FROM insure_payments_transaction WHERE mismatch <> '' AND entry_id IS NULL AND provider_id IS NOT NULL
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("insure_payments", "0007_open_cases")]

    operations = [
        ValidateConstraint("account", "payments_account_kind"),
        ValidateConstraint("entry", "payments_entry_kind"),
        ValidateConstraint("payment", "payments_payment_refunded"),
        migrations.RunSQL(OPEN_CREDIT_CASES, migrations.RunSQL.noop),
        migrations.RunSQL(OPEN_QUARANTINE_CASES, migrations.RunSQL.noop),
    ]
