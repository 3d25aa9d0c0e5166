"""What people ask about their data, and by when the law wants it answered (Ley 1581 de 2012, art. 14 and 15)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_users.enums import RequestKind, RequestStatus


class DataRequest(models.Model):
    """One request of a person. Why it was opened, extended and closed stands in the audit trail."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("user")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=RequestKind)
    status = models.CharField(_("status"), max_length=7, choices=RequestStatus, default=RequestStatus.OPEN)
    received_on = models.DateField(_("received on"))
    due_on = models.DateField(_("due on"))
    extended_at = models.DateTimeField(_("extended at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        default_permissions = ()
        permissions = [("handle_request", _("May handle what people ask about their data"))]
        indexes = [
            models.Index(fields=["due_on"], name="insure_users_request_due", condition=Q(status=RequestStatus.OPEN))
        ]
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gt=F("received_on")), name="insure_users_request_due_later"),
            models.CheckConstraint(
                condition=Q(status=RequestStatus.OPEN, closed_at__isnull=True)
                | Q(status__in=[RequestStatus.DONE, RequestStatus.REFUSED], closed_at__isnull=False),
                name="insure_users_request_closed_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on}"

    @property
    def is_overdue(self) -> bool:
        return self.status == RequestStatus.OPEN and self.due_on < clock.today()
