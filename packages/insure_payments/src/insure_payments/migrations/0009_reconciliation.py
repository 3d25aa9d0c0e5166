"""Comparisons of days with a provider, and on what they did not agree."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import insure_common.clock
import insure_common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("insure_payments", "0008_validate_open_cases"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Difference",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[
                            ("PROVIDER", "Payment provider"),
                            ("PAYMENTS", "The payments themselves"),
                            ("LEDGER", "Ledger"),
                            ("CORE", "Core system"),
                        ],
                        max_length=8,
                        verbose_name="compared with",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("MISSING_HERE", "Missing here"),
                            ("MISSING_THERE", "Missing there"),
                            ("AMOUNT", "Another amount"),
                            ("STATUS", "Another status"),
                            ("DOUBLE", "Approved twice"),
                        ],
                        max_length=13,
                        verbose_name="kind",
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        help_text="The provider's id, or our reference.", max_length=100, verbose_name="subject"
                    ),
                ),
                ("ours", models.CharField(blank=True, max_length=100, verbose_name="ours")),
                ("theirs", models.CharField(blank=True, max_length=100, verbose_name="theirs")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Open"),
                            ("TAKEN_OVER", "Settled by what the provider itself answered"),
                            ("GONE", "No longer there when the day was compared again"),
                        ],
                        default="OPEN",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "found_at",
                    models.DateTimeField(default=insure_common.clock.now, editable=False, verbose_name="found at"),
                ),
                ("seen_at", models.DateTimeField(default=insure_common.clock.now, verbose_name="last seen at")),
                ("resolved_at", models.DateTimeField(null=True, verbose_name="resolved at")),
            ],
            options={
                "verbose_name": "difference",
                "verbose_name_plural": "differences",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("provider", models.CharField(max_length=20, verbose_name="provider")),
                ("date", models.DateField(verbose_name="date")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("REQUESTED", "Requested"),
                            ("RUNNING", "Running"),
                            ("DONE", "Done"),
                            ("FAILED", "Failed"),
                        ],
                        default="REQUESTED",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                (
                    "requested_at",
                    models.DateTimeField(default=insure_common.clock.now, editable=False, verbose_name="requested at"),
                ),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
                (
                    "cursor",
                    models.CharField(blank=True, help_text="Where the provider's list goes on.", max_length=200),
                ),
                (
                    "is_listed",
                    models.BooleanField(
                        default=False, help_text="Whether the provider's list has been read to its end."
                    ),
                ),
                (
                    "transactions",
                    models.PositiveIntegerField(
                        default=0, help_text="Compared with the provider.", verbose_name="transactions"
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=500, verbose_name="error")),
            ],
            options={
                "verbose_name": "reconciliation",
                "verbose_name_plural": "reconciliations",
                "permissions": [
                    ("view_reconciliation", "Can read the reconciliations"),
                    ("run_reconciliation", "Can reconcile a day"),
                ],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ReportedTransaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider_id", models.CharField(max_length=100, verbose_name="provider's id")),
                ("reference", models.CharField(max_length=255, verbose_name="reference")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("UNKNOWN", "Unknown"),
                            ("PENDING", "Pending"),
                            ("APPROVED", "Approved"),
                            ("DECLINED", "Declined"),
                            ("VOIDED", "Voided"),
                            ("ERROR", "Error"),
                        ],
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("amount_in_cents", models.BigIntegerField(verbose_name="amount in cents")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("is_missing", models.BooleanField(default=False, help_text="The provider does not know it.")),
                (
                    "is_checked",
                    models.BooleanField(default=False, help_text="The provider was asked about this one by itself."),
                ),
            ],
            options={
                "verbose_name": "reported transaction",
                "verbose_name_plural": "reported transactions",
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(fields=["provider", "created_at"], name="payments_transaction_day"),
        ),
        migrations.AddField(
            model_name="difference",
            name="payment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="differences",
                to="insure_payments.payment",
                verbose_name="payment",
            ),
        ),
        migrations.AddField(
            model_name="reconciliation",
            name="requested_by",
            field=models.ForeignKey(
                help_text="Empty for the schedule.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="requested by",
            ),
        ),
        migrations.AddField(
            model_name="difference",
            name="reconciliation",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="differences",
                to="insure_payments.reconciliation",
            ),
        ),
        migrations.AddField(
            model_name="reportedtransaction",
            name="reconciliation",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reported",
                to="insure_payments.reconciliation",
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliation",
            constraint=models.UniqueConstraint(fields=("provider", "date"), name="payments_reconciliation_once"),
        ),
        migrations.AddConstraint(
            model_name="reconciliation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", False), ("status__in", ("DONE", "FAILED"))),
                    models.Q(("finished_at__isnull", True), ("status__in", ["REQUESTED", "RUNNING"])),
                    _connector="OR",
                ),
                name="payments_reconciliation_finished",
            ),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(
                condition=models.Q(("state", "OPEN")), fields=["reconciliation"], name="payments_difference_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.UniqueConstraint(
                fields=("reconciliation", "side", "kind", "subject"), name="payments_difference_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["MISSING_HERE", "MISSING_THERE", "AMOUNT", "STATUS", "DOUBLE"])),
                name="payments_difference_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["PROVIDER", "PAYMENTS", "LEDGER", "CORE"])),
                name="payments_difference_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="difference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at__isnull", True), ("state", "OPEN")),
                    models.Q(("resolved_at__isnull", False), ("state__in", ["TAKEN_OVER", "GONE"])),
                    _connector="OR",
                ),
                name="payments_difference_resolved",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportedtransaction",
            constraint=models.UniqueConstraint(fields=("reconciliation", "provider_id"), name="payments_reported_once"),
        ),
    ]
