"""Indexes that begin with the client exist besides those of the foreign keys alone.

Django would drop and check the foreign keys anew, and lock out everybody meanwhile: the indexes alone go, beside those
who write.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

NEEDLESS = {
    "insure_payments_charge_user_id_71cc1826": "insure_payments_charge",
    "insure_payments_payment_user_id_a73048be": "insure_payments_payment",
}
DROP = 'DROP INDEX CONCURRENTLY IF EXISTS "{}"'
CREATE = 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{}" ON "{}" ("user_id")'


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("insure_payments", "0012_verification_code_everywhere")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                *(migrations.RunSQL(DROP.format(name), CREATE.format(name, table)) for name, table in NEEDLESS.items()),
                # A user key that is text has a second one.
                *(migrations.RunSQL(DROP.format(f"{name}_like"), migrations.RunSQL.noop) for name in NEEDLESS),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="charge",
                    name="user",
                    field=models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="client",
                    ),
                ),
                migrations.AlterField(
                    model_name="payment",
                    name="user",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="client",
                    ),
                ),
            ],
        )
    ]
