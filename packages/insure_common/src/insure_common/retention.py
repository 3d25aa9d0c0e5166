"""Deleting what has outlived its purpose, in batches that hold no lock for long."""

from typing import Any

from django.db.models import QuerySet

BATCH = 5_000


def delete_in_batches(*outdated: QuerySet[Any]) -> int:
    """Delete the rows of each queryset; returns how many. Killed half-way, the next run goes on."""
    deleted = 0
    for rows in outdated:
        while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
            deleted += rows.filter(pk__in=ids).delete()[0]
    return deleted
