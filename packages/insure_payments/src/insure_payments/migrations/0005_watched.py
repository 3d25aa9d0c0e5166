"""Indexes for what monitoring counts; built while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("insure_payments", "0004_statement_closing")]

    operations = [
        AddIndexConcurrently(
            model_name="transaction",
            index=models.Index(fields=["id"], name="payments_quarantined", condition=~models.Q(mismatch="")),
        ),
        AddIndexConcurrently(
            model_name="webhookevent",
            index=models.Index(
                fields=["received_at"],
                name="payments_webhook_open",
                condition=models.Q(status__in=["RECEIVED", "FAILED"]),
            ),
        ),
    ]
