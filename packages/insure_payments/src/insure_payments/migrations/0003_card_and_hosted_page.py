"""Cards by token, and pages of a provider that may try several transactions of one payment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("insure_payments", "0002_ledger_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="card_token",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Held from the request to the one attempt to open the payment, which takes it away.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="page_closes_at",
            field=models.DateTimeField(
                help_text="Until then the provider's own page may begin transactions of this payment.", null=True
            ),
        ),
        migrations.AddField(
            model_name="providercatalog",
            name="methods",
            field=models.JSONField(
                db_default=models.Value(["PSE"], models.JSONField()), default=list, verbose_name="methods"
            ),
        ),
        migrations.AddField(
            model_name="transaction",
            name="method",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="As the provider names it: on its own page the payer chooses.",
                max_length=40,
                verbose_name="method",
            ),
        ),
        migrations.AlterField(
            model_name="payment",
            name="method",
            field=models.JSONField(help_text="As in the API, without the token of a card.", verbose_name="method"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="redirect_url",
            field=models.URLField(blank=True, max_length=8000),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("card_token", ""), ("status", "CREATED"), _connector="OR"),
                name="payments_payment_card_token",
            ),
        ),
    ]
