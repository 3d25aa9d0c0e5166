"""Reads of the trail."""

from typing import Any

from django.db.models import QuerySet

from insure_audit.models import Event

LOOKUPS = {"from": "occurred_at__gte", "to": "occurred_at__lt"}


def audit_events(filters: dict[str, Any] | None = None) -> QuerySet[Event]:
    """The events that match: actor, action, target_type, target_id, correlation_id; `from` inclusive, `to` not."""
    return Event.objects.filter(**{LOOKUPS.get(name, name): value for name, value in (filters or {}).items()})
