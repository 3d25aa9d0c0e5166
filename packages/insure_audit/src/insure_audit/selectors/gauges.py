"""What monitoring watches of the trail."""

from collections.abc import Iterable

from django.db.models import Count, Min

from insure_audit.models import Unsealed
from insure_common.metrics import Gauge, seconds_since


def gauges() -> Iterable[Gauge]:
    """INSURE_COMMON["METRICS"]: events that wait for their seal."""
    waiting = Unsealed.objects.aggregate(count=Count("pk"), oldest=Min("event__occurred_at"))
    yield Gauge("insure_audit_unsealed", "Audit events that wait for their seal.", {(): waiting["count"]})
    yield Gauge(
        "insure_audit_oldest_unsealed_seconds",
        "Age of the oldest audit event that waits for its seal.",
        {(): seconds_since(waiting["oldest"])},
    )
