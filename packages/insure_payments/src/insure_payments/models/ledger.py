"""The ledger: double entry, append-only. Amounts are signed minor units; a debit is positive.

PostgreSQL itself keeps what matters, see migration 0002: an entry balances per currency and never changes, a client
account's lines form one gapless chain, and its cached balance is that of the last line.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.enums import AccountKind, EntryKind

IS_CLIENT = Q(kind=AccountKind.CLIENT)


class Account(models.Model):
    """A client's account in one currency (positive: the client owes), or a house account.

    Only client accounts carry a balance, maintained under the row's lock. That of a house account is the sum of its
    lines, so that concurrent payments never queue behind one row.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=AccountKind.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("client")
    )
    currency = models.CharField(_("currency"), max_length=3)
    balance_in_cents = models.BigIntegerField(_("balance in cents"), null=True)
    last_seq = models.BigIntegerField(null=True)
    last_posted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        default_permissions = ("view",)
        permissions = [("view_any_account", "Can read the accounts of all clients")]
        constraints = [
            models.UniqueConstraint(fields=["user", "currency"], name="payments_account_once", condition=IS_CLIENT),
            models.UniqueConstraint(fields=["kind", "currency"], name="payments_house_once", condition=~IS_CLIENT),
            models.CheckConstraint(name="payments_account_currency", condition=Q(currency__regex=r"^[A-Z]{3}$")),
            models.CheckConstraint(name="payments_account_kind", condition=Q(kind__in=AccountKind.values)),
            models.CheckConstraint(
                name="payments_account_balance",
                condition=(IS_CLIENT & Q(user__isnull=False, balance_in_cents__isnull=False, last_seq__gte=0))
                | (
                    ~IS_CLIENT
                    & Q(
                        user__isnull=True,
                        balance_in_cents__isnull=True,
                        last_seq__isnull=True,
                        last_posted_at__isnull=True,
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.currency}"


class Entry(models.Model):
    """One posted event. (source, external_id, kind) names its cause, which posts at most once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=EntryKind.choices)
    source = models.CharField(_("source"), max_length=40)
    external_id = models.CharField(_("external id"), max_length=200)
    description = models.CharField(_("description"), max_length=200)
    posted_at = models.DateTimeField(_("posted at"), editable=False)
    lines_count = models.PositiveSmallIntegerField(_("lines"))
    reverses = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="reversal",
        verbose_name=_("reverses"),
        help_text=_("The entry that this one takes back."),
    )

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id", "kind"], name="payments_entry_cause_once"),
            models.CheckConstraint(name="payments_entry_kind", condition=Q(kind__in=EntryKind.values)),
            models.CheckConstraint(name="payments_entry_lines", condition=Q(lines_count__gte=2)),
            models.CheckConstraint(
                name="payments_entry_reverses",
                condition=Q(kind__in=[EntryKind.CHARGE_REVERSAL, EntryKind.PAYMENT_REVERSAL], reverses__isnull=False)
                | (~Q(kind__in=[EntryKind.CHARGE_REVERSAL, EntryKind.PAYMENT_REVERSAL]) & Q(reverses__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source} {self.external_id}"


class Line(models.Model):
    """One leg of an entry. On a client account it has its place in the account and the balance after it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lines", db_index=False)
    amount_in_cents = models.BigIntegerField(_("amount in cents"))
    currency = models.CharField(_("currency"), max_length=3)
    posted_at = models.DateTimeField(_("posted at"), editable=False)
    account_seq = models.BigIntegerField(null=True)
    balance_after_in_cents = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["account", "account_seq"], name="payments_line_seq_once"),
            models.CheckConstraint(name="payments_line_not_zero", condition=~Q(amount_in_cents=0)),
            models.CheckConstraint(
                name="payments_line_balance",
                condition=Q(account_seq__gte=1, balance_after_in_cents__isnull=False)
                | Q(account_seq__isnull=True, balance_after_in_cents__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["account", "posted_at"], name="payments_line_time")]

    def __str__(self) -> str:
        return f"{self.amount_in_cents} {self.currency}"
