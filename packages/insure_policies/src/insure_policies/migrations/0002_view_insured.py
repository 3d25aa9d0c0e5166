"""A right of its own for who and what policies insure."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("insure_policies", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="policy",
            options={
                "default_permissions": (),
                "permissions": [
                    ("view_any_policy", "Can read the policies of all clients"),
                    ("view_insured", "Can read unmasked who and what the policies of all clients insure"),
                ],
                "verbose_name": "policy",
                "verbose_name_plural": "policies",
            },
        ),
    ]
