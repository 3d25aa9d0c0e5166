"""Reads. What a client may see is decided here and nowhere else."""

from typing import Any

from django.db.models import QuerySet

from insure_policies.models import Policy

LOOKUPS = {"product": "product_code"}


def policies_visible_to(user: Any, filters: dict[str, Any] | None = None) -> QuerySet[Policy]:
    """The user's own policies with all that the API shows of them, in a constant number of statements."""
    return _whole_policies(filters).filter(user=user)


def all_policies(filters: dict[str, Any] | None = None) -> QuerySet[Policy]:
    """Every policy, also those whose holder is no user yet; for callers with the right `view_any_policy`."""
    return _whole_policies(filters)


def _whole_policies(filters: dict[str, Any] | None) -> QuerySet[Policy]:
    conditions = {LOOKUPS.get(name, name): value for name, value in (filters or {}).items()}
    return Policy.objects.filter(**conditions).prefetch_related("coverages", "documents")
