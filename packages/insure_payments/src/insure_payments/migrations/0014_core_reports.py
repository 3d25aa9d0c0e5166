"""What the core system is told, charge by charge, in a table of its own.

The columns that said so before stay in the database, with defaults for who knows them no longer, until no process of the
release before is left.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import insure_common.clock
import insure_common.ids
from insure_payments.conf import PaymentsSettings

OLD_COLUMNS = {
    "case": ("reportable_in_cents", "reported_at", "reversed_at"),
    "transaction": ("reportable_in_cents", "reported_at"),
}
DEFAULT = "ALTER TABLE insure_payments_{} ALTER reportable_in_cents SET DEFAULT 0"

# What was told of several charges at once stands on the first of them: with the next change of such a payment it is taken
# back, under the key that it was told with, and its charges are told one by one.
COPY = """
WITH first AS (
  SELECT DISTINCT ON (allocation.payment_id) allocation.payment_id, allocation.id
  FROM insure_payments_allocation allocation
  JOIN insure_payments_charge charge ON charge.id = allocation.charge_id AND charge.system = %s
  ORDER BY allocation.payment_id, allocation.settled_in_cents = 0, allocation.id
), told AS (
  SELECT done.id, done.payment_id, done.id AS transaction_id, done.reportable_in_cents, done.method, done.reported_at,
    CASE WHEN receipt.id IS NULL THEN '-' || done.provider_id ELSE '' END AS suffix, done.finalized_at AS settled_at
  FROM insure_payments_transaction done LEFT JOIN insure_payments_receipt receipt ON receipt.transaction_id = done.id
  WHERE done.status = 'APPROVED' AND done.reportable_in_cents > 0 AND done.reported_at IS NOT NULL
  UNION ALL
  SELECT applied.id, applied.payment_id, source.id, applied.reportable_in_cents, source.method, applied.reported_at,
    '-' || applied.id, applied.closed_at
  FROM insure_payments_case applied JOIN LATERAL (
    SELECT * FROM insure_payments_transaction
    WHERE payment_id = applied.payment_id AND entry_id IS NOT NULL ORDER BY id DESC LIMIT 1
  ) source ON TRUE
  WHERE applied.reportable_in_cents > 0 AND applied.reported_at IS NOT NULL AND applied.reversed_at IS NULL
)
INSERT INTO insure_payments_corereport (id, allocation_id, transaction_id, reference, amount_in_cents, method, settled_at,
  reported_at, withdrawal_reason, created_at)
SELECT told.id, first.id, told.transaction_id, payment.reference || told.suffix, told.reportable_in_cents,
  coalesce(nullif(told.method, ''), payment.method ->> 'type'), coalesce(told.settled_at, payment.settled_at),
  told.reported_at, '', now()
FROM told JOIN first USING (payment_id) JOIN insure_payments_payment payment ON payment.id = told.payment_id
"""


def copy(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(COPY, [PaymentsSettings.load().CORE_SYSTEM])


class Migration(migrations.Migration):
    dependencies = [
        ("insure_payments", "0013_fewer_indexes"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(DEFAULT.format(table), migrations.RunSQL.noop) for table in OLD_COLUMNS
            ],
            state_operations=[
                migrations.RemoveField(model_name=model, name=name)
                for model, names in OLD_COLUMNS.items()
                for name in names
            ],
        ),
        migrations.CreateModel(
            name="CoreReport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "reference",
                    models.CharField(
                        help_text="What the core system knows.", max_length=140, unique=True, verbose_name="reference"
                    ),
                ),
                ("amount_in_cents", models.BigIntegerField(verbose_name="amount in cents")),
                ("method", models.CharField(max_length=40, verbose_name="method")),
                ("settled_at", models.DateTimeField(verbose_name="settled at")),
                ("reported_at", models.DateTimeField(null=True, verbose_name="reported at")),
                (
                    "withdrawn_at",
                    models.DateTimeField(
                        help_text="When it ceased to hold, which the core system must hear.", null=True
                    ),
                ),
                ("withdrawal_reason", models.CharField(blank=True, max_length=8)),
                ("reversed_at", models.DateTimeField(help_text="When the core system has heard so.", null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=insure_common.clock.now, editable=False, verbose_name="created at"),
                ),
                (
                    "allocation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="insure_payments.allocation",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="insure_payments.transaction",
                    ),
                ),
            ],
            options={
                "verbose_name": "report to the core system",
                "verbose_name_plural": "reports to the core system",
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_in_cents__gt", 0)), name="payments_corereport_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reversed_at", None), ("withdrawn_at__isnull", False), _connector="OR"),
                        name="payments_corereport_order",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reported_at", None), ("reversed_at", None)),
                        fields=("allocation",),
                        name="payments_corereport_one_by_one",
                    ),
                ],
            },
        ),
        migrations.RunPython(copy, migrations.RunPython.noop),
    ]
