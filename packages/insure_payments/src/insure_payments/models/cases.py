"""What is open about payments, and how it was closed: by whom and why."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.enums import OPERATOR_CASES, OPERATOR_OUTCOMES, CaseKind, CaseOutcome, TransactionStatus
from insure_payments.models.payments import Payment, Transaction

IS_OPEN = Q(closed_at__isnull=True)


class Case(models.Model):
    """Something about a payment that its charges and transactions alone do not settle.

    There is an open CREDIT case as long as, and only as long as, money of the payment is on no charge; how much that
    is, is read from the payment. A QUARANTINE case holds what the provider said of the transaction.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="cases", verbose_name=_("payment"))
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, related_name="cases", verbose_name=_("transaction")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=CaseKind.choices)
    provider_id = models.CharField(_("provider's id"), max_length=100, blank=True)
    mismatch = models.CharField(_("mismatch"), max_length=40, blank=True)
    reported_status = models.CharField(_("status"), max_length=8, choices=TransactionStatus.choices, blank=True)
    amount_in_cents = models.BigIntegerField(
        _("amount in cents"), null=True, help_text=_("Of credit: what was applied or given back; empty while open.")
    )
    currency = models.CharField(_("currency"), max_length=20)
    opened_at = models.DateTimeField(_("opened at"), default=clock.now, editable=False)
    asked_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=CaseOutcome.choices, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("operator")
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True, help_text=_("What the provider said."))

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="payments_case_kind", condition=Q(kind__in=CaseKind.values)),
            models.CheckConstraint(
                name="payments_case_closed",
                condition=(IS_OPEN & Q(outcome="")) | (~IS_OPEN & Q(outcome__in=CaseOutcome.values)),
            ),
            models.CheckConstraint(
                name="payments_case_decided",
                condition=Q(kind__in=OPERATOR_CASES) & ~Q(outcome__in=OPERATOR_OUTCOMES)
                | (Q(actor__isnull=False) & ~Q(reason="")),
            ),
            models.CheckConstraint(
                name="payments_case_amount", condition=Q(kind=CaseKind.CREDIT) | Q(amount_in_cents__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["payment"], name="payments_case_credit_once", condition=IS_OPEN & Q(kind=CaseKind.CREDIT)
            ),
            models.UniqueConstraint(
                fields=["payment", "provider_id"],
                name="payments_case_quarantine_once",
                condition=IS_OPEN & Q(kind=CaseKind.QUARANTINE),
            ),
            models.UniqueConstraint(
                fields=["transaction"], name="payments_case_void_once", condition=IS_OPEN & Q(kind=CaseKind.VOID)
            ),
        ]
        indexes = [models.Index(fields=["-id"], name="payments_case_open", condition=IS_OPEN)]

    def __str__(self) -> str:
        return f"{self.kind} {self.payment_id}"
