"""Months that are shut, and statements that are closed for good."""

import django.db.models.expressions
from django.db import migrations, models

import insure_common.clock

# Under read committed every statement sees what was committed before it, so an entry inserted after a month was shut is
# refused; a snapshot taken before would let it through.
CHECK_PERIOD = """
CREATE FUNCTION insure_payments_check_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'entries are posted in read committed transactions only' USING ERRCODE = '23514';
  END IF;
  IF NEW.posted_at < (SELECT max(ends_at) FROM insure_payments_statementperiod) THEN
    RAISE EXCEPTION 'entry % lies in a month that is shut', NEW.id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER month_is_open BEFORE INSERT ON insure_payments_entry
  FOR EACH ROW EXECUTE FUNCTION insure_payments_check_period();
"""

# Only the file of a closed statement may still be added, once.
KEEP_CLOSED = """
CREATE FUNCTION insure_payments_keep_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'path' - 'sha256') <> (to_jsonb(OLD) - 'path' - 'sha256')
    OR (OLD.path <> '' AND NEW.path <> OLD.path) OR (OLD.sha256 <> '' AND NEW.sha256 <> OLD.sha256) THEN
    RAISE EXCEPTION 'statement % is closed', OLD.id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER closed BEFORE UPDATE OR DELETE ON insure_payments_statement
  FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION insure_payments_keep_closed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("insure_payments", "0003_card_and_hosted_page"),
    ]

    operations = [
        migrations.CreateModel(
            name="StatementPeriod",
            fields=[
                (
                    "period",
                    models.DateField(
                        help_text="First day of the month.", primary_key=True, serialize=False, verbose_name="period"
                    ),
                ),
                ("ends_at", models.DateTimeField(unique=True, verbose_name="ends at")),
                ("barrier", models.BigIntegerField(null=True)),
                (
                    "last_account",
                    models.UUIDField(help_text="Statements are made in the order of the accounts' ids.", null=True),
                ),
                ("statements", models.PositiveIntegerField(default=0, verbose_name="statements")),
                (
                    "started_at",
                    models.DateTimeField(default=insure_common.clock.now, editable=False, verbose_name="started at"),
                ),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
            ],
            options={
                "verbose_name": "closed month",
                "verbose_name_plural": "closed months",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="statement",
            name="charges_in_cents",
            field=models.BigIntegerField(null=True, verbose_name="charges in cents"),
        ),
        migrations.AddField(
            model_name="statement",
            name="closed_at",
            field=models.DateTimeField(
                help_text="Empty: the figures are those so far.", null=True, verbose_name="closed at"
            ),
        ),
        migrations.AddField(
            model_name="statement",
            name="closing_in_cents",
            field=models.BigIntegerField(null=True, verbose_name="closing balance in cents"),
        ),
        migrations.AddField(
            model_name="statement",
            name="end_seq",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="statement",
            name="path",
            field=models.CharField(blank=True, db_default="", max_length=200, verbose_name="file"),
        ),
        migrations.AddField(
            model_name="statement",
            name="payments_in_cents",
            field=models.BigIntegerField(null=True, verbose_name="payments in cents"),
        ),
        migrations.AddField(
            model_name="statement",
            name="sha256",
            field=models.CharField(blank=True, db_default="", max_length=64, verbose_name="SHA-256"),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("charges_in_cents__isnull", True),
                        ("closed_at__isnull", True),
                        ("closing_in_cents__isnull", True),
                        ("end_seq__isnull", True),
                        ("path", ""),
                        ("payments_in_cents__isnull", True),
                    ),
                    models.Q(
                        ("charges_in_cents__isnull", False),
                        ("closed_at__isnull", False),
                        (
                            "closing_in_cents",
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("opening_in_cents"), "+", models.F("charges_in_cents")
                                ),
                                "-",
                                models.F("payments_in_cents"),
                            ),
                        ),
                        ("closing_in_cents__isnull", False),
                        ("end_seq__gte", models.F("first_seq")),
                        ("end_seq__isnull", False),
                        ("payments_in_cents__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="payments_statement_figures",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("path", ""), ("sha256", "")),
                    models.Q(models.Q(("path", ""), _negated=True), ("sha256__regex", "^[0-9a-f]{64}$")),
                    _connector="OR",
                ),
                name="payments_statement_file",
            ),
        ),
        migrations.AddConstraint(
            model_name="statementperiod",
            constraint=models.CheckConstraint(condition=models.Q(("period__day", 1)), name="payments_closing_period"),
        ),
        migrations.RunSQL(CHECK_PERIOD, "DROP FUNCTION insure_payments_check_period() CASCADE"),
        migrations.RunSQL(KEEP_CLOSED, "DROP FUNCTION insure_payments_keep_closed() CASCADE"),
    ]
