from django.db import models

from insure_users.models import AbstractInsureUser


class Policyholder(AbstractInsureUser):
    """The user of a product that needs one field more."""

    occupation = models.CharField(max_length=100, blank=True)

    class Meta(AbstractInsureUser.Meta):
        abstract = False
