"""A code for every receipt from now on, also for those that the previous release still makes; no row is rewritten."""

from django.db import migrations, models

# 128 bits: the digest of two UUIDs, which PostgreSQL takes from the system's source of strong random numbers.
CREATE_FUNCTION = """
CREATE FUNCTION insure_payments_verification_code() RETURNS text LANGUAGE sql VOLATILE
RETURN left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 32)
"""

ADD_COLUMN = """
ALTER TABLE insure_payments_receipt ADD COLUMN verification_code varchar(32);
ALTER TABLE insure_payments_receipt
  ALTER COLUMN verification_code SET DEFAULT insure_payments_verification_code();
"""


class Migration(migrations.Migration):
    dependencies = [("insure_payments", "0010_core_statements")]

    operations = [
        migrations.RunSQL(CREATE_FUNCTION, "DROP FUNCTION insure_payments_verification_code()"),
        migrations.RunSQL(
            ADD_COLUMN,
            "ALTER TABLE insure_payments_receipt DROP COLUMN verification_code",
            state_operations=[
                migrations.AddField(
                    model_name="receipt",
                    name="verification_code",
                    field=models.CharField(
                        db_default=models.Func(function="insure_payments_verification_code"),
                        editable=False,
                        help_text="Opens the public page of this receipt.",
                        max_length=32,
                        verbose_name="verification code",
                    ),
                )
            ],
        ),
    ]
