from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.models.payments import Allocation, Transaction


class CoreReport(models.Model):
    """Money of one transaction on one charge of the core system, as the core system is told.

    Written before the call, so that every repetition says the same. It stands until `reversed_at`, and only if it was
    ever taken: what is refused and no longer wanted ends without `reported_at`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="reports")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="reports")
    reference = models.CharField(
        _("reference"), max_length=140, unique=True, help_text=_("What the core system knows.")
    )
    amount_in_cents = models.BigIntegerField(_("amount in cents"))
    method = models.CharField(_("method"), max_length=40)
    settled_at = models.DateTimeField(_("settled at"))
    reported_at = models.DateTimeField(_("reported at"), null=True)
    withdrawn_at = models.DateTimeField(
        null=True, help_text=_("When it ceased to hold, which the core system must hear.")
    )
    withdrawal_reason = models.CharField(max_length=8, blank=True)
    reversed_at = models.DateTimeField(null=True, help_text=_("When the core system has heard so."))
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("report to the core system")
        verbose_name_plural = _("reports to the core system")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="payments_corereport_amount", condition=Q(amount_in_cents__gt=0)),
            models.CheckConstraint(
                name="payments_corereport_order",
                condition=Q(reversed_at=None) | Q(withdrawn_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["allocation"],
                name="payments_corereport_one_by_one",
                condition=Q(reported_at=None, reversed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.reference
