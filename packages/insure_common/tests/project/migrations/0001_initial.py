from django.db import migrations, models

from insure_common.operations import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("insure_common", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
            ],
        ),
        AppendOnly("Note"),
    ]
