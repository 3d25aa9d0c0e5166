from django.db import models


class Policy(models.Model):
    """What a product keeps of the policies of a core system."""

    reference = models.CharField(max_length=64, unique=True)
    holder_reference = models.CharField(max_length=64)
    user_id = models.UUIDField(null=True)
    premium_in_cents = models.BigIntegerField()
    writes = models.PositiveIntegerField(default=1)

    def __str__(self):
        return self.reference
