"""Codes for the receipts that have none, some at a time, then the rules; each step may be run again."""

from django.db import migrations, models

PAGE = 5_000

FILL_PAGE = """
WITH page AS (SELECT id FROM insure_payments_receipt WHERE %s::uuid IS NULL OR id > %s ORDER BY id LIMIT %s),
filled AS (
  UPDATE insure_payments_receipt receipt SET verification_code = insure_payments_verification_code()
  FROM page WHERE receipt.id = page.id AND receipt.verification_code IS NULL
)
SELECT id FROM page ORDER BY id DESC LIMIT 1
"""

# What checks all rows does so beside those who write, and the last statement only looks up what was found.
RULES = [
    """
    ALTER TABLE insure_payments_receipt
      DROP CONSTRAINT IF EXISTS payments_receipt_code,
      ADD CONSTRAINT payments_receipt_code
        CHECK (verification_code IS NOT NULL AND verification_code ~ '^[0-9a-f]{32}$') NOT VALID
    """,
    "ALTER TABLE insure_payments_receipt VALIDATE CONSTRAINT payments_receipt_code",
    "DROP INDEX CONCURRENTLY IF EXISTS payments_receipt_code_once",
    "CREATE UNIQUE INDEX CONCURRENTLY payments_receipt_code_once ON insure_payments_receipt (verification_code)",
    """
    ALTER TABLE insure_payments_receipt
      ADD CONSTRAINT payments_receipt_code_once UNIQUE USING INDEX payments_receipt_code_once,
      ALTER COLUMN verification_code SET NOT NULL
    """,
]

WITHOUT_RULES = """
ALTER TABLE insure_payments_receipt
  ALTER COLUMN verification_code DROP NOT NULL,
  DROP CONSTRAINT payments_receipt_code_once,
  DROP CONSTRAINT payments_receipt_code
"""


def fill(_apps, editor):
    last = None
    with editor.connection.cursor() as cursor:
        while True:
            cursor.execute(FILL_PAGE, [last, last, PAGE])
            page_end = cursor.fetchone()
            if page_end is None:
                return
            [last] = page_end


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("insure_payments", "0011_verification_code")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        *map(migrations.RunSQL, RULES[:-1], [migrations.RunSQL.noop] * (len(RULES) - 1)),
        migrations.RunSQL(
            RULES[-1],
            WITHOUT_RULES,
            state_operations=[
                migrations.AddConstraint(
                    model_name="receipt",
                    constraint=models.UniqueConstraint(
                        fields=("verification_code",), name="payments_receipt_code_once"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="receipt",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("verification_code__isnull", False), ("verification_code__regex", "^[0-9a-f]{32}$")
                        ),
                        name="payments_receipt_code",
                    ),
                ),
            ],
        ),
    ]
