"""When the core system confirmed that a payment was taken back; of what was taken back before, it did so long ago."""

from django.db import migrations, models

REVERSED_BEFORE = [
    "UPDATE insure_payments_transaction SET reversal_reported_at = now() WHERE status = 'VOIDED'",
    "UPDATE insure_payments_case SET reversal_reported_at = now() WHERE reversed_at IS NOT NULL",
]


class Migration(migrations.Migration):
    dependencies = [("insure_payments", "0012_verification_code_everywhere")]

    operations = [
        migrations.AddField(
            model_name="transaction", name="reversal_reported_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(model_name="case", name="reversal_reported_at", field=models.DateTimeField(null=True)),
        migrations.RunSQL(REVERSED_BEFORE, migrations.RunSQL.noop),
    ]
