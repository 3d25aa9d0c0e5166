"""Monthly statements, ours and the core system's."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.models.ledger import Account

OPEN = Q(
    closed_at__isnull=True,
    end_seq__isnull=True,
    charges_in_cents__isnull=True,
    payments_in_cents__isnull=True,
    closing_in_cents__isnull=True,
    path="",
)
CLOSED = Q(
    closed_at__isnull=False,
    end_seq__isnull=False,
    charges_in_cents__isnull=False,
    payments_in_cents__isnull=False,
    closing_in_cents__isnull=False,
    end_seq__gte=F("first_seq"),
    closing_in_cents=F("opening_in_cents") + F("charges_in_cents") - F("payments_in_cents"),
)


class Statement(models.Model):
    """One account's month in Bogota: opening + charges - payments = closing.

    The first posting of a month makes it and fixes the opening balance; until the month is closed
    `selectors.statements` reads the other figures from the ledger. Closing writes them down and makes the statements of
    the accounts that did not move. Its lines are those from `first_seq` on, those from `end_seq` on excluded.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="statements", db_index=False)
    period = models.DateField(_("period"), help_text=_("First day of the month."))
    first_seq = models.BigIntegerField()
    opening_in_cents = models.BigIntegerField(_("opening balance in cents"))
    created_at = models.DateTimeField(default=clock.now, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, help_text=_("Empty: the figures are those so far."))
    end_seq = models.BigIntegerField(null=True)
    charges_in_cents = models.BigIntegerField(_("charges in cents"), null=True)
    payments_in_cents = models.BigIntegerField(_("payments in cents"), null=True)
    closing_in_cents = models.BigIntegerField(_("closing balance in cents"), null=True)
    path = models.CharField(_("file"), max_length=200, blank=True, db_default="")
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, db_default="")

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["account", "period"], name="payments_statement_once"),
            models.CheckConstraint(name="payments_statement_period", condition=Q(period__day=1)),
            models.CheckConstraint(name="payments_statement_figures", condition=OPEN | CLOSED),
            models.CheckConstraint(
                name="payments_statement_file",
                condition=Q(path="", sha256="") | (~Q(path="") & Q(sha256__regex=r"^[0-9a-f]{64}$")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period:%Y-%m}"

    @property
    def currency(self) -> str:
        return self.account.currency


class StatementPeriod(models.Model):
    """A month that takes no more postings: PostgreSQL refuses entries before `ends_at` from the commit of this row on.

    What was under way at that commit is waited for: every transaction whose number is below `barrier`.
    """

    period = models.DateField(_("period"), primary_key=True, help_text=_("First day of the month."))
    ends_at = models.DateTimeField(_("ends at"), unique=True)
    barrier = models.BigIntegerField(null=True)
    last_account = models.UUIDField(null=True, help_text=_("Statements are made in the order of the accounts' ids."))
    statements = models.PositiveIntegerField(_("statements"), default=0)
    started_at = models.DateTimeField(_("started at"), default=clock.now, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    class Meta:
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        default_permissions = ()
        constraints = [models.CheckConstraint(name="payments_closing_period", condition=Q(period__day=1))]

    def __str__(self) -> str:
        return f"{self.period:%Y-%m}"


class ExternalStatement(models.Model):
    """A holder's month as the core system sees it, kept beside ours; see `selectors.differences`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.CharField(_("system"), max_length=40)
    reference = models.CharField(_("reference"), max_length=64)
    holder_reference = models.CharField(_("holder reference"), max_length=64)
    period = models.DateField(_("period"), help_text=_("First day of the month."))
    currency = models.CharField(_("currency"), max_length=3)
    opening_in_cents = models.BigIntegerField(_("opening balance in cents"))
    charges_in_cents = models.BigIntegerField(_("charges in cents"))
    payments_in_cents = models.BigIntegerField(_("payments in cents"))
    closing_in_cents = models.BigIntegerField(_("closing balance in cents"))
    lines = models.JSONField(_("lines"))
    changed_at = models.DateTimeField(_("changed at"), help_text=_("In the core system."))
    received_at = models.DateTimeField(_("received at"), default=clock.now)

    class Meta:
        verbose_name = _("statement of the core system")
        verbose_name_plural = _("statements of the core system")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["system", "reference"], name="payments_external_statement_once"),
            models.UniqueConstraint(
                fields=["system", "period", "holder_reference", "currency"],
                name="payments_external_statement_month",
            ),
            models.CheckConstraint(name="payments_external_statement_period", condition=Q(period__day=1)),
            models.CheckConstraint(
                name="payments_external_statement_figures",
                condition=Q(closing_in_cents=F("opening_in_cents") + F("charges_in_cents") - F("payments_in_cents")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.reference}"
