"""What all views share."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from insure_common.api.errors import exception_handler
from insure_common.api.negotiation import NeverRefuse
from insure_common.api.pagination import Cursor
from insure_common.api.parsers import StrictJSONParser
from insure_common.api.schema import AutoSchema
from insure_common.api.serializers import StrictSerializer

M = TypeVar("M", bound=Model)


class Conventions:
    """Holds for every view of the packages, whatever the project's defaults: nobody gets in who is not signed in."""

    permission_classes: Any = (IsAuthenticated,)
    parser_classes: Any = (StrictJSONParser,)
    renderer_classes: Any = (JSONRenderer,)
    content_negotiation_class: Any = NeverRefuse
    schema: Any = AutoSchema()

    def get_exception_handler(self) -> Any:
        return exception_handler


class ApiView(Conventions, APIView):
    pass


class DetailView(Conventions, RetrieveAPIView[M]):
    """One object: a selector's queryset in `queryset` or `get_queryset`, a serializer."""


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


class ListView(Conventions, ListAPIView[M]):
    """A list: a selector's queryset in `get_queryset`, filters in `query_serializer_class`, cursor pages.

    `self.filters` holds the valid filters; an unknown query parameter is a 400.
    """

    pagination_class = Cursor
    query_serializer_class: type[PageQuery] = PageQuery
    filters: dict[str, Any]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        query = validated(self.query_serializer_class, request.query_params.dict())
        self.filters = {name: value for name, value in query.items() if name not in PageQuery().fields}
        return super().list(request, *args, **kwargs)
