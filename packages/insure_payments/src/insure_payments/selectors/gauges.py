"""What monitoring watches of the payments."""

from collections import Counter
from collections.abc import Iterable

from django.db.models import Count, Min

from insure_common.metrics import Gauge, seconds_since
from insure_payments.enums import CaseKind, WebhookStatus
from insure_payments.models import Case, Payment, WebhookEvent


def gauges() -> Iterable[Gauge]:
    """INSURE_COMMON["METRICS"]: payments without a final answer, and what an operator has to look at."""
    pending = Payment.objects.filter(next_poll_at__isnull=False).aggregate(count=Count("pk"), oldest=Min("created_at"))
    yield Gauge("insure_payments_pending", "Payments that the provider is still asked about.", {(): pending["count"]})
    yield Gauge(
        "insure_payments_oldest_pending_seconds",
        "Age of the oldest payment that the provider is still asked about.",
        {(): seconds_since(pending["oldest"])},
    )
    waiting = Counter(Case.objects.filter(closed_at=None).values_list("kind", flat=True))
    yield Gauge(
        "insure_payments_quarantined",
        "Transactions that do not belong to their payment and wait for an operator.",
        {(): waiting[CaseKind.QUARANTINE]},
    )
    yield Gauge(
        "insure_payments_credits",
        "Payments with money on no charge, which wait for an operator.",
        {(): waiting[CaseKind.CREDIT]},
    )
    unread = WebhookEvent.objects.filter(status__in=[WebhookStatus.RECEIVED, WebhookStatus.FAILED]).count()
    yield Gauge("insure_payments_webhooks_unprocessed", "Events of providers that are not processed.", {(): unread})
