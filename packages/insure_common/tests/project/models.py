from django.db import models


class Note(models.Model):
    """A table that is append-only."""

    text = models.TextField()

    def __str__(self):
        return self.text
