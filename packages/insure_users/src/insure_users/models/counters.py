"""Counters behind the limits of sign-in and codes; in PostgreSQL: losing Redis neither weakens nor stops them."""

from django.db import models


class Counter(models.Model):
    """Counts of one limit for one subject. The key holds a hash of the subject, never an address."""

    key = models.CharField(primary_key=True, max_length=100)
    count = models.PositiveIntegerField()
    window_ends_at = models.DateTimeField(db_index=True)
    blocked_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
