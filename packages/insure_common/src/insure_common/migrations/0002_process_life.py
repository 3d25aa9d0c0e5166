from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("insure_common", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ProcessLife",
            fields=[
                ("process", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AlterModelOptions(
            name="outboxmessage",
            options={"permissions": [("retry_outbox_message", "Can make messages due again that have failed")]},
        ),
    ]
