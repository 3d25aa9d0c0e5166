"""What all views share."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.pagination import Cursor
from insure_common.api.serializers import StrictSerializer


def validated(
    serializer: type[serializers.BaseSerializer[Any]], data: Mapping[str, Any] | list[Any], **context: Any
) -> dict[str, Any]:
    """The valid values of a request body or query. Raises ValidationError by field."""
    instance = serializer(data=data, context=context)
    instance.is_valid(raise_exception=True)
    return dict(instance.validated_data)


class PageQuery(StrictSerializer):
    """Query parameters of every list; a list with filters extends it."""

    cursor = serializers.CharField(required=False, help_text="Taken from `next` or `previous`.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=Cursor.max_page_size)


M = TypeVar("M", bound=Model)


class ListView(ListAPIView[M]):
    """A list: a selector's queryset in `get_queryset`, filters in `query_serializer_class`, cursor pages.

    `self.filters` holds the valid filters; an unknown query parameter is a 400.
    """

    query_serializer_class: type[PageQuery] = PageQuery
    filters: dict[str, Any]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        query = validated(self.query_serializer_class, request.query_params.dict())
        self.filters = {name: value for name, value in query.items() if name not in PageQuery().fields}
        return super().list(request, *args, **kwargs)
