import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import insure_common.clock
import insure_common.ids
from insure_common.operations import AppendOnly

QUEUE = """
CREATE FUNCTION insure_audit_queue_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO insure_audit_unsealed (event_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER queue_for_sealing AFTER INSERT ON insure_audit_event
  FOR EACH ROW EXECUTE FUNCTION insure_audit_queue_event();
"""
UNQUEUE = """
DROP TRIGGER queue_for_sealing ON insure_audit_event;
DROP FUNCTION insure_audit_queue_event();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("insure_common", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=insure_common.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("actor_role", models.CharField(blank=True, max_length=50, verbose_name="role")),
                ("action", models.CharField(max_length=100, verbose_name="action")),
                ("target_type", models.CharField(max_length=100, verbose_name="target type")),
                ("target_id", models.CharField(max_length=200, verbose_name="target")),
                (
                    "occurred_at",
                    models.DateTimeField(
                        db_index=True, default=insure_common.clock.now, editable=False, verbose_name="time"
                    ),
                ),
                ("correlation_id", models.UUIDField(db_index=True, null=True, verbose_name="correlation id")),
                ("client_address", models.GenericIPAddressField(null=True, verbose_name="client address")),
                ("metadata", models.JSONField(default=dict, verbose_name="metadata")),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="actor",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit event",
                "verbose_name_plural": "audit events",
                "permissions": [("view_audit_event", "Can read the audit trail")],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Unsealed",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="insure_audit.event",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("seq", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                (
                    "size",
                    models.PositiveBigIntegerField(help_text="Events under this seal and all before it.", unique=True),
                ),
                ("count", models.PositiveIntegerField(help_text="Events under this seal.")),
                ("root", models.CharField(max_length=64)),
                (
                    "previous",
                    models.CharField(help_text="Digest of the head before; zeros for the first.", max_length=64),
                ),
                ("key_id", models.CharField(max_length=50)),
                ("signature", models.CharField(max_length=128)),
                ("created_at", models.DateTimeField(editable=False)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("seq__gte", 1)), name="audit_seal_starts_at_one"),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1), ("size__gte", models.F("count"))),
                        name="audit_seal_holds_events",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SealEntry",
            fields=[
                ("seq", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="seal_entry", to="insure_audit.event"
                    ),
                ),
                (
                    "seal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="insure_audit.seal"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["actor", "-id"], name="audit_event_actor"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["action", "-id"], name="audit_event_action"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["target_type", "target_id", "-id"], name="audit_event_target"),
        ),
        migrations.AddConstraint(
            model_name="sealentry",
            constraint=models.CheckConstraint(condition=models.Q(("seq__gte", 1)), name="audit_entry_starts_at_one"),
        ),
        migrations.RunSQL(QUEUE, UNQUEUE),
        AppendOnly("Event"),
        AppendOnly("Seal"),
        AppendOnly("SealEntry"),
    ]
