import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import insure_common.clock
import insure_common.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("system", models.CharField(max_length=40, verbose_name="system")),
                ("reference", models.CharField(max_length=64, verbose_name="reference")),
                ("holder_reference", models.CharField(max_length=64, verbose_name="holder reference")),
                ("number", models.CharField(max_length=200, verbose_name="number")),
                ("product_code", models.CharField(max_length=50, verbose_name="product")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("PENDING", "In issue"),
                            ("ACTIVE", "In force"),
                            ("SUSPENDED", "Suspended"),
                            ("EXPIRED", "Expired"),
                            ("CANCELLED", "Cancelled"),
                        ],
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="starts on")),
                ("ends_on", models.DateField(verbose_name="ends on")),
                ("insurer", models.CharField(max_length=200, verbose_name="insurer")),
                ("insured", models.JSONField(default=list, verbose_name="insured")),
                ("payment_plan", models.CharField(blank=True, max_length=200, verbose_name="payment plan")),
                ("premium_net_in_cents", models.BigIntegerField()),
                ("premium_tax_in_cents", models.BigIntegerField()),
                ("premium_total_in_cents", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("fingerprint", models.CharField(max_length=64)),
                ("source_updated_at", models.DateTimeField()),
                ("last_synced_at", models.DateTimeField(verbose_name="last synchronised")),
                ("created_at", models.DateTimeField(default=insure_common.clock.now, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "policy",
                "verbose_name_plural": "policies",
                "permissions": [("view_any_policy", "Can read the policies of all clients")],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reference", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("issued_on", models.DateField(verbose_name="issued on")),
                ("content_type", models.CharField(default="application/pdf", editable=False, max_length=50)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "path",
                    models.CharField(
                        blank=True, help_text="In the default storage; empty until it is there.", max_length=200
                    ),
                ),
                ("size", models.PositiveIntegerField(default=0, help_text="Bytes.")),
                ("stored_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=insure_common.clock.now, editable=False)),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="insure_policies.policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "document",
                "verbose_name_plural": "documents",
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Coverage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=200)),
                ("insured_amount_in_cents", models.BigIntegerField()),
                ("deductible_in_cents", models.BigIntegerField()),
                ("premium_in_cents", models.BigIntegerField()),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="coverages",
                        to="insure_policies.policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "coverage",
                "verbose_name_plural": "coverages",
                "ordering": ["code"],
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="policy",
            index=models.Index(fields=["user", "-id"], name="policy_of_user"),
        ),
        migrations.AddIndex(
            model_name="policy",
            index=models.Index(fields=["system", "holder_reference"], name="policy_of_holder"),
        ),
        migrations.AddIndex(
            model_name="policy",
            index=models.Index(fields=["status", "-id"], name="policy_by_status"),
        ),
        migrations.AddIndex(
            model_name="policy",
            index=models.Index(fields=["product_code", "-id"], name="policy_by_product"),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.UniqueConstraint(fields=("system", "reference"), name="policy_once"),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["PENDING", "ACTIVE", "SUSPENDED", "EXPIRED", "CANCELLED"])),
                name="policy_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="policy_ends_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("premium_net_in_cents__gte", 0),
                    ("premium_tax_in_cents__gte", 0),
                    (
                        "premium_total_in_cents",
                        django.db.models.expressions.CombinedExpression(
                            models.F("premium_net_in_cents"), "+", models.F("premium_tax_in_cents")
                        ),
                    ),
                ),
                name="policy_premium_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="policy_currency_is_iso"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(fields=("policy", "reference"), name="document_once"),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("path", ""), ("size", 0), ("stored_at__isnull", True)),
                    models.Q(("path__gt", ""), ("size__gt", 0), ("stored_at__isnull", False)),
                    _connector="OR",
                ),
                name="document_file_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="document_sha256_is_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="coverage",
            constraint=models.UniqueConstraint(fields=("policy", "code"), name="coverage_once"),
        ),
        migrations.AddConstraint(
            model_name="coverage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("deductible_in_cents__gte", 0), ("insured_amount_in_cents__gte", 0), ("premium_in_cents__gte", 0)
                ),
                name="coverage_amounts_positive",
            ),
        ),
    ]
