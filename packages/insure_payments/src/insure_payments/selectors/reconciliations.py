"""Comparisons of days, and on what they do not agree."""

from typing import Any

from django.db.models import Case, Count, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from insure_payments.enums import DifferenceState
from insure_payments.models import Difference, Reconciliation

MOST_SHOWN = 500


def reconciliations() -> QuerySet[Reconciliation]:
    """All of them, each with `open_differences` and `resolved_differences`."""
    found = Difference.objects.filter(reconciliation=OuterRef("pk"))
    return Reconciliation.objects.annotate(
        open_differences=_count(found.filter(state=DifferenceState.OPEN)),
        resolved_differences=_count(found.exclude(state=DifferenceState.OPEN)),
    )


def differences_of(run: Reconciliation) -> QuerySet[Difference]:
    """The differences of a day, the open ones first; at most MOST_SHOWN."""
    is_resolved = Case(When(state=DifferenceState.OPEN, then=Value(0)), default=Value(1))
    return run.differences.order_by(is_resolved, "kind", "side", "subject")[:MOST_SHOWN]


def _count(differences: QuerySet[Difference]) -> Any:
    counted = differences.order_by().values("reconciliation").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
