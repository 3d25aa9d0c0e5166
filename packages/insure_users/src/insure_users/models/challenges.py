"""One table for every e-mail code, whatever it is for."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from insure_common import clock
from insure_common.ids import new_id
from insure_users.enums import Purpose
from insure_users.identity import LONGEST_EMAIL

MOST_ATTEMPTS = 5


class Challenge(models.Model):
    """A question put to the owner of an e-mail address, with what happens when the answer is right.

    A registration's data and password hash live here until then; other challenges keep the hash that the user had when
    they were opened, and end with it. `is_decoy`: looks like the others to whoever asks, and
    can never succeed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=14, choices=Purpose)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    destination = models.CharField(max_length=LONGEST_EMAIL)
    is_decoy = models.BooleanField(default=False)
    data = models.JSONField(default=dict)
    password_hash = models.CharField(max_length=128, blank=True)
    language = models.CharField(max_length=10)
    client_address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False, db_index=True)

    sends = models.PositiveSmallIntegerField(default=1)
    """Codes asked for."""
    resend_at = models.DateTimeField()
    """When the next one may be asked for."""
    code_send = models.PositiveSmallIntegerField(default=0)
    """The send whose code is in force; 0: none was made yet."""
    code_hash = models.CharField(max_length=128, blank=True)
    expires_at = models.DateTimeField()
    """The code in force ends then; before it is made, the earliest moment at which it can end."""
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    """Set when a later challenge or a change of the account took its place."""

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(attempts__lte=MOST_ATTEMPTS), name="insure_users_challenge_attempts"),
            models.CheckConstraint(condition=Q(code_send__lte=F("sends")), name="insure_users_challenge_sends"),
            models.CheckConstraint(
                condition=Q(purpose=Purpose.REGISTER) | Q(is_decoy=True) | Q(user__isnull=False),
                name="insure_users_challenge_has_user",
            ),
            models.UniqueConstraint(
                fields=["destination", "purpose"],
                condition=Q(used_at__isnull=True, closed_at__isnull=True),
                name="insure_users_challenge_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.used_at is None and self.closed_at is None

    def is_older_than(self, age: timedelta) -> bool:
        return clock.now() - self.created_at >= age
