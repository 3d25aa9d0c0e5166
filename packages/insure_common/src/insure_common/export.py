"""What a package adds to the export of a person's data."""

from collections.abc import Collection
from typing import Any

from django.db.models import Model, QuerySet


def exported(*rows: QuerySet[Any], without: Collection[str] = ()) -> dict[str, list[dict[str, Any]]]:
    """Every column of the rows, but for those named in `without`, under the label of their table."""
    return {
        queryset.model._meta.label: [columns_of(row, without) for row in queryset.order_by("pk")] for queryset in rows
    }


def columns_of(row: Model, without: Collection[str] = ()) -> dict[str, Any]:
    """The row's columns by name."""
    names = (field.attname for field in row._meta.concrete_fields if field.attname not in without)
    return {name: getattr(row, name) for name in names}
