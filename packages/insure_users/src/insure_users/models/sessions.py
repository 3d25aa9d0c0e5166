"""One row per signed-in device. No token is stored: the claims of the pair in force follow from the row."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from insure_common import clock
from insure_common.ids import new_id
from insure_users.enums import SessionEnd


class Session(models.Model):
    """A device's session and its lineage of token pairs, of which only `current` can be refreshed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    device_name = models.CharField(max_length=100, blank=True)
    client_address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    current = models.UUIDField(default=new_id)
    """`jti` of the pair in force."""
    previous = models.UUIDField(null=True)
    """`jti` of the pair before it."""
    rotated_at = models.DateTimeField(default=clock.now)
    """`iat` of the pair in force."""
    kid = models.CharField(max_length=100)
    """Id of the key that signed it: the same key signs the same claims to the same tokens."""
    idle_until = models.DateTimeField()
    """`exp` of the refresh token in force."""
    ends_at = models.DateTimeField()
    """The session's end, whatever happens before."""
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=13, choices=SessionEnd, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(idle_until__lte=F("ends_at")), name="insure_users_session_idle"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") | Q(ended_at__isnull=False, end_reason__gt=""),
                name="insure_users_session_end_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["ends_at"], name="insure_users_session_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.device_name} {self.pk}".strip()
