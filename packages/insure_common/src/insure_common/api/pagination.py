"""Cursor pagination for every list."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from insure_common.conf import CommonSettings


class Cursor(CursorPagination):
    """Newest first by id; a view with another order sets `ordering`. Links start with PUBLIC_BASE_URL."""

    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        try:
            page: list[Any] | None = super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError) as error:
            # It can be decoded, but its position is nothing that the list is ordered by.
            raise NotFound(self.invalid_cursor_message) from error
        self.base_url = CommonSettings.load().PUBLIC_BASE_URL + request.get_full_path()
        return page

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        ordering = getattr(view, "ordering", None) or self.ordering
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)
