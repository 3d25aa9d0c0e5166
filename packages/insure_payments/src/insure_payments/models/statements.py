"""Monthly statements."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.models.ledger import Account


class Statement(models.Model):
    """One account's month in Bogota, made by the first posting of that month, which fixes the opening balance.

    Its lines are those from `first_seq` on, up to the next statement's; `selectors.statements` reads the figures.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="statements", db_index=False)
    period = models.DateField(_("period"), help_text=_("First day of the month."))
    first_seq = models.BigIntegerField()
    opening_in_cents = models.BigIntegerField(_("opening balance in cents"))
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["account", "period"], name="payments_statement_once"),
            models.CheckConstraint(name="payments_statement_period", condition=Q(period__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.period:%Y-%m}"

    @property
    def currency(self) -> str:
        return self.account.currency
