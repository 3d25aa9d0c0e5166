"""Payments, their transactions at a provider, what they pay, and their receipts."""

from django.conf import settings
from django.db import models
from django.db.models import Func, Q, Value
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.enums import FailureReason, PaymentStatus, TransactionStatus
from insure_payments.models.charges import Charge
from insure_payments.models.ledger import Entry


class Payment(models.Model):
    """The wish of a client to pay charges. Its reference is known to the provider and never used twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("client"), db_index=False
    )
    provider = models.CharField(_("provider"), max_length=20)
    reference = models.CharField(_("reference"), max_length=40, unique=True)
    status = models.CharField(_("status"), max_length=8, choices=PaymentStatus.choices, default=PaymentStatus.CREATED)
    amount_in_cents = models.BigIntegerField(_("amount in cents"))
    currency = models.CharField(_("currency"), max_length=3)
    settled_in_cents = models.BigIntegerField(
        _("settled in cents"), default=0, help_text=_("Approved by the provider and not returned.")
    )
    refunded_in_cents = models.BigIntegerField(
        _("refunded in cents"), db_default=0, default=0, help_text=_("Of what was settled: given back by an operator.")
    )
    method = models.JSONField(_("method"), help_text=_("As in the API, without the token of a card."))
    card_token = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Held from the request to the one attempt to open the payment, which takes it away."),
    )
    accepted_documents = models.JSONField(
        _("accepted documents"), help_text=_("Links of the provider's documents that the payer accepted.")
    )
    client_address = models.GenericIPAddressField(_("client address"), null=True)
    return_url = models.URLField(max_length=500)
    redirect_url = models.URLField(max_length=8000, blank=True)
    failure_reason = models.CharField(_("failure"), max_length=24, choices=FailureReason.choices, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"))
    page_closes_at = models.DateTimeField(
        null=True, help_text=_("Until then the provider's own page may begin transactions of this payment.")
    )
    next_poll_at = models.DateTimeField(null=True)
    polls = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(_("settled at"), null=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        default_permissions = ("view",)
        permissions = [
            ("view_any_payment", "Can read the payments of all clients"),
            ("void_any_payment", "Can void any payment"),
            ("resolve_any_payment", "Can resolve any payment"),
        ]
        constraints = [
            models.CheckConstraint(
                name="payments_payment_amounts", condition=Q(amount_in_cents__gt=0, settled_in_cents__gte=0)
            ),
            models.CheckConstraint(name="payments_payment_refunded", condition=Q(refunded_in_cents__gte=0)),
            models.CheckConstraint(name="payments_payment_currency", condition=Q(currency__regex=r"^[A-Z]{3}$")),
            models.CheckConstraint(
                name="payments_payment_card_token", condition=Q(card_token="") | Q(status=PaymentStatus.CREATED)
            ),
            models.CheckConstraint(
                name="payments_payment_status",
                condition=Q(status=PaymentStatus.APPROVED, settled_in_cents__gt=0, settled_at__isnull=False)
                | (
                    Q(status__in=[status for status in PaymentStatus.values if status != PaymentStatus.APPROVED])
                    & Q(settled_in_cents=0)
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="payments_payment_user"),
            models.Index(
                fields=["next_poll_at"], name="payments_payment_poll", condition=Q(next_poll_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def kept_in_cents(self) -> int:
        """What was settled and not given back; less than nothing if more was given back than ever came."""
        return self.settled_in_cents - self.refunded_in_cents

    @property
    def credit_in_cents(self) -> int:
        """What of it is on no charge."""
        return max(0, self.kept_in_cents - sum(allocation.settled_in_cents for allocation in self.allocations.all()))


class Allocation(models.Model):
    """The part of a payment that is meant for a charge, and how much of it was settled."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="allocations", db_index=False)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="allocations")
    requested_in_cents = models.BigIntegerField(_("requested in cents"))
    settled_in_cents = models.BigIntegerField(_("settled in cents"), default=0)

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["payment", "charge"], name="payments_allocation_once"),
            models.CheckConstraint(
                name="payments_allocation_amounts", condition=Q(requested_in_cents__gt=0, settled_in_cents__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.settled_in_cents} of {self.requested_in_cents}"

    @property
    def currency(self) -> str:
        return self.charge.currency


class Transaction(models.Model):
    """One transaction at the provider. Written, still without an id, before the provider is asked to open it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="transactions")
    provider = models.CharField(_("provider"), max_length=20)
    provider_id = models.CharField(_("provider's id"), max_length=100, null=True)  # noqa: DJ001 null: not yet known
    status = models.CharField(
        _("status"), max_length=8, choices=TransactionStatus.choices, default=TransactionStatus.UNKNOWN
    )
    method = models.CharField(
        _("method"),
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text=_("As the provider names it: on its own page the payer chooses."),
    )
    amount_in_cents = models.BigIntegerField(_("amount in cents"))
    currency = models.CharField(_("currency"), max_length=3)
    trace_code = models.CharField(_("trace code"), max_length=100, blank=True)
    message = models.CharField(_("message"), max_length=500, blank=True)
    mismatch = models.CharField(
        _("mismatch"), max_length=40, blank=True, help_text=_("What does not belong to the payment: quarantined.")
    )
    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, null=True, related_name="transaction", verbose_name=_("entry")
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    finalized_at = models.DateTimeField(_("finalized at"), null=True)

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_id"], name="payments_transaction_once"),
            models.CheckConstraint(
                name="payments_transaction_amount",
                condition=Q(amount_in_cents__gt=0, currency__regex=r"^[A-Z]{3}$"),
            ),
            models.CheckConstraint(
                name="payments_transaction_status", condition=Q(status__in=TransactionStatus.values)
            ),
            models.CheckConstraint(
                name="payments_transaction_posted",
                condition=Q(status=TransactionStatus.APPROVED, entry__isnull=False)
                | Q(status=TransactionStatus.VOIDED)
                | (~Q(status__in=[TransactionStatus.APPROVED, TransactionStatus.VOIDED]) & Q(entry__isnull=True)),
            ),
        ]
        indexes = [models.Index(fields=["provider", "created_at"], name="payments_transaction_day")]

    def __str__(self) -> str:
        return f"{self.provider} {self.provider_id}"


class Receipt(models.Model):
    """The numbered receipt of a settled payment. The PDF is rendered once, afterwards; numbers may have gaps."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="receipt")
    number = models.BigIntegerField(
        _("number"),
        unique=True,
        editable=False,
        db_default=Func(Value("insure_payments_receipt_number"), function="nextval"),
    )
    verification_code = models.CharField(
        _("verification code"),
        max_length=32,
        editable=False,
        db_default=Func(function="insure_payments_verification_code"),
        help_text=_("Opens the public page of this receipt."),
    )
    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, related_name="receipt")
    lines = models.JSONField(_("lines"), help_text=_("What was paid, as it was when the payment settled."))
    issued_at = models.DateTimeField(_("issued at"), default=clock.now, editable=False)
    path = models.CharField(_("file"), max_length=200, blank=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="payments_receipt_file",
                condition=Q(path="", sha256="") | (~Q(path="") & Q(sha256__regex=r"^[0-9a-f]{64}$")),
            ),
            models.UniqueConstraint(fields=["verification_code"], name="payments_receipt_code_once"),
            models.CheckConstraint(
                name="payments_receipt_code",
                condition=Q(verification_code__isnull=False, verification_code__regex=r"^[0-9a-f]{32}$"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.number)

    @property
    def printed_number(self) -> str:
        return f"No. {self.number:08}"
