"""What clients owe, and which payment under way keeps which charge."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.enums import ChargeStatus
from insure_payments.models.ledger import Entry


class Charge(models.Model):
    """Something owed, tax included. It is posted to the ledger as soon as its holder is a known user.

    `paid_in_cents` is what counts against it: allocations of our payments plus what was paid elsewhere.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.CharField(_("system"), max_length=40)
    reference = models.CharField(_("reference"), max_length=100)
    holder_reference = models.CharField(_("holder reference"), max_length=100, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("client"),
        db_index=False,
    )
    policy_reference = models.CharField(_("policy reference"), max_length=100, blank=True)
    concept = models.CharField(_("concept"), max_length=200)
    due_date = models.DateField(_("due date"))
    amount_in_cents = models.BigIntegerField(_("amount in cents"))
    tax_in_cents = models.BigIntegerField(_("tax in cents"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    paid_in_cents = models.BigIntegerField(_("paid in cents"), default=0)
    external_paid_in_cents = models.BigIntegerField(
        _("paid elsewhere in cents"), default=0, help_text=_("What the core system knows to be paid outside of here.")
    )
    status = models.CharField(_("status"), max_length=14, choices=ChargeStatus.choices, default=ChargeStatus.OPEN)
    entry = models.OneToOneField(
        Entry,
        on_delete=models.PROTECT,
        null=True,
        related_name="charge",
        verbose_name=_("entry"),
        help_text=_("The posting in force; none while the holder is not a known user."),
    )
    revision = models.PositiveIntegerField(default=0, help_text=_("Counts what was posted for this charge."))
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        default_permissions = ("view",)
        permissions = [
            ("view_any_charge", "Can read the charges of all clients"),
            ("add_any_charge", "Can charge any client"),
            ("void_any_charge", "Can void any charge"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["system", "reference"], name="payments_charge_once"),
            models.CheckConstraint(
                name="payments_charge_amounts",
                condition=Q(amount_in_cents__gt=0, tax_in_cents__gte=0, external_paid_in_cents__gte=0)
                & Q(tax_in_cents__lte=F("amount_in_cents")),
            ),
            models.CheckConstraint(name="payments_charge_currency", condition=Q(currency__regex=r"^[A-Z]{3}$")),
            models.CheckConstraint(
                name="payments_charge_status",
                condition=Q(status__in=[ChargeStatus.OPEN, ChargeStatus.VOID], paid_in_cents=0)
                | Q(status=ChargeStatus.PARTIALLY_PAID, paid_in_cents__gt=0, paid_in_cents__lt=F("amount_in_cents"))
                | Q(status=ChargeStatus.PAID, paid_in_cents=F("amount_in_cents")),
            ),
            models.CheckConstraint(
                name="payments_charge_posted",
                condition=Q(user__isnull=True, entry__isnull=True)
                | (Q(user__isnull=False) & (Q(entry__isnull=False) | Q(status=ChargeStatus.VOID))),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "due_date"], name="payments_charge_due"),
            models.Index(
                fields=["user", "due_date"],
                name="payments_charge_unpaid",
                condition=Q(status__in=[ChargeStatus.OPEN, ChargeStatus.PARTIALLY_PAID]),
            ),
            models.Index(fields=["system", "holder_reference"], name="payments_charge_holder"),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.reference}"

    @property
    def outstanding_in_cents(self) -> int:
        return 0 if self.status == ChargeStatus.VOID else self.amount_in_cents - self.paid_in_cents


class ChargeHold(models.Model):
    """Keeps a charge for one payment under way, so that two payments never go for the same charge."""

    charge = models.OneToOneField(Charge, on_delete=models.CASCADE, primary_key=True, related_name="hold")
    payment = models.ForeignKey("insure_payments.Payment", on_delete=models.CASCADE, related_name="holds")
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.charge_id)
