"""What providers tell us, as it came, and what became of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.enums import WebhookStatus


class WebhookEvent(models.Model):
    """An authentic event of a provider, stored once. It is a hint to ask the provider, never a fact."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(_("provider"), max_length=20)
    event_id = models.CharField(_("event id"), max_length=200)
    event_name = models.CharField(_("event"), max_length=100)
    environment = models.CharField(_("environment"), max_length=20)
    transaction_id = models.CharField(_("provider's transaction"), max_length=100, blank=True)
    payload = models.JSONField(_("payload"))
    raw_body = models.BinaryField()
    headers = models.JSONField(_("headers"))
    received_at = models.DateTimeField(_("received at"), default=clock.now, editable=False)
    processed_at = models.DateTimeField(_("processed at"), null=True)
    status = models.CharField(_("status"), max_length=9, choices=WebhookStatus.choices, default=WebhookStatus.RECEIVED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    verdict = models.CharField(_("verdict"), max_length=200, blank=True, help_text=_("What processing came to."))

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        default_permissions = ()
        permissions = [
            ("view_webhook_event", "Can read the webhook events"),
            ("replay_webhook_event", "Can process a webhook event again"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="payments_webhook_once"),
            models.CheckConstraint(
                name="payments_webhook_processed",
                condition=Q(status=WebhookStatus.PROCESSED, processed_at__isnull=False)
                | (Q(status__in=[WebhookStatus.RECEIVED, WebhookStatus.FAILED]) & Q(processed_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_at"], name="payments_webhook_open", condition=Q(status__in=["RECEIVED", "FAILED"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
