"""What people ask about their data, with due days."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import insure_common.clock
import insure_common.ids


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("insure_users", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ACCESS", "To see the data"),
                            ("CORRECTION", "To have data corrected"),
                            ("DELETION", "To have data deleted"),
                            ("REVOCATION", "To take a consent back"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("OPEN", "Open"), ("DONE", "Done"), ("REFUSED", "Refused")],
                        default="OPEN",
                        max_length=7,
                        verbose_name="status",
                    ),
                ),
                ("received_on", models.DateField(verbose_name="received on")),
                ("due_on", models.DateField(verbose_name="due on")),
                ("extended_at", models.DateTimeField(null=True, verbose_name="extended at")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                ("created_at", models.DateTimeField(default=insure_common.clock.now, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "data request",
                "verbose_name_plural": "data requests",
                "permissions": [("handle_request", "May handle what people ask about their data")],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "OPEN")), fields=["due_on"], name="insure_users_request_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("due_on__gt", models.F("received_on"))),
                        name="insure_users_request_due_later",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("status", "OPEN")),
                            models.Q(("closed_at__isnull", False), ("status__in", ["DONE", "REFUSED"])),
                            _connector="OR",
                        ),
                        name="insure_users_request_closed_has_time",
                    ),
                ],
            },
        ),
    ]
