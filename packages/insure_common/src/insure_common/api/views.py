"""What all views share."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from rest_framework import serializers, status
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


class RevalidatedView(ApiView):
    """What is the same for everybody and seldom changes: has an ETag, and 304 for who knows the answer already."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == status.HTTP_200_OK:
            response.add_post_render_callback(lambda rendered: _revalidated(request._request, rendered))
        return response


def _revalidated(request: HttpRequest, response: HttpResponse) -> HttpResponseBase | None:
    etag = quote_etag(sha256(response.content).hexdigest()[:32])
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response)


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
