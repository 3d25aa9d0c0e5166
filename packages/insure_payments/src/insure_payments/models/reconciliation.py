"""What became of comparing a day with the provider, the ledger and the core system."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.enums import (
    FINISHED_RECONCILIATIONS,
    DifferenceKind,
    DifferenceState,
    ReconciliationStatus,
    Side,
    TransactionStatus,
)
from insure_payments.models.payments import Payment


class Reconciliation(models.Model):
    """The comparison of one Bogota day with one provider; running it again brings the same row up to date."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(_("provider"), max_length=20)
    date = models.DateField(_("date"))
    status = models.CharField(
        _("status"), max_length=9, choices=ReconciliationStatus.choices, default=ReconciliationStatus.REQUESTED
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("requested by"),
        help_text=_("Empty for the schedule."),
    )
    requested_at = models.DateTimeField(_("requested at"), default=clock.now, editable=False)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    cursor = models.CharField(max_length=200, blank=True, help_text=_("Where the provider's list goes on."))
    is_listed = models.BooleanField(default=False, help_text=_("Whether the provider's list has been read to its end."))
    transactions = models.PositiveIntegerField(_("transactions"), default=0, help_text=_("Compared with the provider."))
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        default_permissions = ()
        permissions = [
            ("view_reconciliation", "Can read the reconciliations"),
            ("run_reconciliation", "Can reconcile a day"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider", "date"], name="payments_reconciliation_once"),
            models.CheckConstraint(
                name="payments_reconciliation_finished",
                condition=Q(status__in=FINISHED_RECONCILIATIONS, finished_at__isnull=False)
                | Q(
                    status__in=[ReconciliationStatus.REQUESTED, ReconciliationStatus.RUNNING], finished_at__isnull=True
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.date}"


class ReportedTransaction(models.Model):
    """What the provider says of one transaction, kept while its day is being compared."""

    reconciliation = models.ForeignKey(
        Reconciliation, on_delete=models.CASCADE, related_name="reported", db_index=False
    )
    provider_id = models.CharField(_("provider's id"), max_length=100)
    reference = models.CharField(_("reference"), max_length=255)
    status = models.CharField(_("status"), max_length=8, choices=TransactionStatus.choices)
    amount_in_cents = models.BigIntegerField(_("amount in cents"))
    currency = models.CharField(_("currency"), max_length=3)
    is_missing = models.BooleanField(default=False, help_text=_("The provider does not know it."))
    is_checked = models.BooleanField(default=False, help_text=_("The provider was asked about this one by itself."))

    class Meta:
        verbose_name = _("reported transaction")
        verbose_name_plural = _("reported transactions")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["reconciliation", "provider_id"], name="payments_reported_once")]

    def __str__(self) -> str:
        return self.provider_id


class Difference(models.Model):
    """Something of a day on which our payments and another side do not agree, or did not."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reconciliation = models.ForeignKey(
        Reconciliation, on_delete=models.CASCADE, related_name="differences", db_index=False
    )
    side = models.CharField(_("compared with"), max_length=8, choices=Side.choices)
    kind = models.CharField(_("kind"), max_length=13, choices=DifferenceKind.choices)
    subject = models.CharField(_("subject"), max_length=100, help_text=_("The provider's id, or our reference."))
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, null=True, related_name="differences", verbose_name=_("payment")
    )
    ours = models.CharField(_("ours"), max_length=100, blank=True)
    theirs = models.CharField(_("theirs"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=DifferenceState.choices, default=DifferenceState.OPEN)
    found_at = models.DateTimeField(_("found at"), default=clock.now, editable=False)
    seen_at = models.DateTimeField(_("last seen at"), default=clock.now)
    resolved_at = models.DateTimeField(_("resolved at"), null=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["reconciliation", "side", "kind", "subject"], name="payments_difference_once"
            ),
            models.CheckConstraint(name="payments_difference_kind", condition=Q(kind__in=DifferenceKind.values)),
            models.CheckConstraint(name="payments_difference_side", condition=Q(side__in=Side.values)),
            models.CheckConstraint(
                name="payments_difference_resolved",
                condition=Q(state=DifferenceState.OPEN, resolved_at__isnull=True)
                | Q(state__in=[DifferenceState.TAKEN_OVER, DifferenceState.GONE], resolved_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["reconciliation"], name="payments_difference_open", condition=Q(state=DifferenceState.OPEN)
            )
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.kind} {self.subject}"
