"""What a person agreed to, in which version, when and from where (Ley 1581 de 2012)."""

from django.conf import settings
from django.db import models

from insure_common import clock
from insure_common.ids import new_id
from insure_users.enums import ConsentKind


class Consent(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=ConsentKind)
    version = models.CharField(max_length=50)
    url = models.CharField(max_length=500)
    client_address = models.GenericIPAddressField(null=True)
    given_at = models.DateTimeField(default=clock.now, editable=False)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"],
                condition=models.Q(revoked_at__isnull=True),
                name="insure_users_consent_one_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"
