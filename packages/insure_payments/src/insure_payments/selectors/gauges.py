"""What monitoring watches of the payments."""

from collections.abc import Iterable

from django.db.models import Count, Min

from insure_common.metrics import Gauge, seconds_since
from insure_payments.enums import WebhookStatus
from insure_payments.models import Payment, Transaction, WebhookEvent


def gauges() -> Iterable[Gauge]:
    """INSURE_COMMON["METRICS"]: payments without a final answer, and what an operator has to look at."""
    pending = Payment.objects.filter(next_poll_at__isnull=False).aggregate(count=Count("pk"), oldest=Min("created_at"))
    yield Gauge("insure_payments_pending", "Payments that the provider is still asked about.", {(): pending["count"]})
    yield Gauge(
        "insure_payments_oldest_pending_seconds",
        "Age of the oldest payment that the provider is still asked about.",
        {(): seconds_since(pending["oldest"])},
    )
    quarantined = Transaction.objects.exclude(mismatch="").count()
    yield Gauge("insure_payments_quarantined", "Transactions that do not belong to their payment.", {(): quarantined})
    unread = WebhookEvent.objects.filter(status__in=[WebhookStatus.RECEIVED, WebhookStatus.FAILED]).count()
    yield Gauge("insure_payments_webhooks_unprocessed", "Events of providers that are not processed.", {(): unread})
