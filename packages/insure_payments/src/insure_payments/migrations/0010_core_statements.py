"""The core system's statements, and an index of what is still to be paid."""

import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import insure_common.clock
import insure_common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("insure_payments", "0009_reconciliation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExternalStatement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("system", models.CharField(max_length=40, verbose_name="system")),
                (
                    "reference",
                    models.CharField(max_length=64, verbose_name="reference"),
                ),
                (
                    "holder_reference",
                    models.CharField(max_length=64, verbose_name="holder reference"),
                ),
                (
                    "period",
                    models.DateField(help_text="First day of the month.", verbose_name="period"),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "opening_in_cents",
                    models.BigIntegerField(verbose_name="opening balance in cents"),
                ),
                (
                    "charges_in_cents",
                    models.BigIntegerField(verbose_name="charges in cents"),
                ),
                (
                    "payments_in_cents",
                    models.BigIntegerField(verbose_name="payments in cents"),
                ),
                (
                    "closing_in_cents",
                    models.BigIntegerField(verbose_name="closing balance in cents"),
                ),
                ("lines", models.JSONField(verbose_name="lines")),
                (
                    "changed_at",
                    models.DateTimeField(help_text="In the core system.", verbose_name="changed at"),
                ),
                (
                    "received_at",
                    models.DateTimeField(default=insure_common.clock.now, verbose_name="received at"),
                ),
            ],
            options={
                "verbose_name": "statement of the core system",
                "verbose_name_plural": "statements of the core system",
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(
                condition=models.Q(("status__in", ["OPEN", "PARTIALLY_PAID"])),
                fields=["user", "due_date"],
                name="payments_charge_unpaid",
            ),
        ),
        migrations.AddConstraint(
            model_name="externalstatement",
            constraint=models.UniqueConstraint(fields=("system", "reference"), name="payments_external_statement_once"),
        ),
        migrations.AddConstraint(
            model_name="externalstatement",
            constraint=models.UniqueConstraint(
                fields=("system", "period", "holder_reference", "currency"),
                name="payments_external_statement_month",
            ),
        ),
        migrations.AddConstraint(
            model_name="externalstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(("period__day", 1)),
                name="payments_external_statement_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="externalstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "closing_in_cents",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("opening_in_cents"),
                                "+",
                                models.F("charges_in_cents"),
                            ),
                            "-",
                            models.F("payments_in_cents"),
                        ),
                    )
                ),
                name="payments_external_statement_figures",
            ),
        ),
    ]
