"""Policies as the insurer's core system holds them, with their coverages and documents."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_common.money import Money
from insure_policies.enums import PolicyStatus

SHA256_LENGTH = 64


class Policy(models.Model):
    """One policy. Without `user` it waits, unseen, until its holder is known to be one of our users."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.CharField(_("system"), max_length=40)
    reference = models.CharField(_("reference"), max_length=64)
    holder_reference = models.CharField(_("holder reference"), max_length=64)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("user"),
    )
    number = models.CharField(_("number"), max_length=200)
    product_code = models.CharField(_("product"), max_length=50)
    status = models.CharField(_("status"), max_length=9, choices=PolicyStatus.choices)
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))
    insurer = models.CharField(_("insurer"), max_length=200)
    insured = models.JSONField(_("insured"), default=list)
    payment_plan = models.CharField(_("payment plan"), max_length=200, blank=True)
    premium_net_in_cents = models.BigIntegerField()
    premium_tax_in_cents = models.BigIntegerField()
    premium_total_in_cents = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    fingerprint = models.CharField(max_length=SHA256_LENGTH)
    source_updated_at = models.DateTimeField()
    last_synced_at = models.DateTimeField(_("last synchronised"))
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        default_permissions = ()
        permissions = [
            ("view_any_policy", "Can read the policies of all clients"),
            ("view_insured", "Can read unmasked who and what the policies of all clients insure"),
        ]
        constraints = [
            models.UniqueConstraint(name="policy_once", fields=["system", "reference"]),
            models.CheckConstraint(name="policy_status_known", condition=Q(status__in=PolicyStatus.values)),
            models.CheckConstraint(name="policy_ends_after_start", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(
                name="policy_premium_adds_up",
                condition=Q(
                    premium_net_in_cents__gte=0,
                    premium_tax_in_cents__gte=0,
                    premium_total_in_cents=F("premium_net_in_cents") + F("premium_tax_in_cents"),
                ),
            ),
            models.CheckConstraint(name="policy_currency_is_iso", condition=Q(currency__regex="^[A-Z]{3}$")),
        ]
        indexes = [
            models.Index(name="policy_of_user", fields=["user", "-id"]),
            models.Index(name="policy_of_holder", fields=["system", "holder_reference"]),
            models.Index(name="policy_by_status", fields=["status", "-id"]),
            models.Index(name="policy_by_product", fields=["product_code", "-id"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def premium(self) -> dict[str, Money]:
        return {
            "net": Money(self.premium_net_in_cents, self.currency),
            "tax": Money(self.premium_tax_in_cents, self.currency),
            "total": Money(self.premium_total_in_cents, self.currency),
        }


class Coverage(models.Model):
    """What a policy covers; amounts in cents of the policy's currency."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="coverages")
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=200)
    insured_amount_in_cents = models.BigIntegerField()
    deductible_in_cents = models.BigIntegerField()
    premium_in_cents = models.BigIntegerField()

    class Meta:
        verbose_name = _("coverage")
        verbose_name_plural = _("coverages")
        default_permissions = ()
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(name="coverage_once", fields=["policy", "code"]),
            models.CheckConstraint(
                name="coverage_amounts_positive",
                condition=Q(insured_amount_in_cents__gte=0, deductible_in_cents__gte=0, premium_in_cents__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def insured_amount(self) -> Money:
        return Money(self.insured_amount_in_cents, self.policy.currency)

    @property
    def deductible(self) -> Money:
        return Money(self.deductible_in_cents, self.policy.currency)

    @property
    def premium(self) -> Money:
        return Money(self.premium_in_cents, self.policy.currency)


class Document(models.Model):
    """A PDF of a policy. Its row comes first, the file once the background work has fetched and checked it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="documents")
    reference = models.CharField(max_length=64)
    name = models.CharField(_("name"), max_length=120)
    issued_on = models.DateField(_("issued on"))
    content_type = models.CharField(max_length=50, default="application/pdf", editable=False)
    sha256 = models.CharField(max_length=SHA256_LENGTH)
    path = models.CharField(max_length=200, blank=True, help_text="In the default storage; empty until it is there.")
    size = models.PositiveIntegerField(default=0, help_text="Bytes.")
    stored_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="document_once", fields=["policy", "reference"]),
            models.CheckConstraint(
                name="document_file_is_whole",
                condition=Q(stored_at__isnull=True, path="", size=0)
                | Q(stored_at__isnull=False, path__gt="", size__gt=0),
            ),
            models.CheckConstraint(name="document_sha256_is_one", condition=Q(sha256__regex="^[0-9a-f]{64}$")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_available(self) -> bool:
        return self.stored_at is not None
