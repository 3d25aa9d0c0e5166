"""What operators see of everybody."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from insure_common.api.permissions import requires
from insure_common.api.views import ListView
from insure_common.exceptions import NotFound
from insure_payments.models import Line, Payment, WebhookEvent
from insure_payments.permissions import VIEW_ANY_ACCOUNT, VIEW_ANY_PAYMENT, VIEW_WEBHOOK_EVENT
from insure_payments.selectors.accounts import account_summary, entries_of
from insure_payments.selectors.payments import all_payments, webhook_events
from insure_payments.serializers import (
    AccountSerializer,
    AdminPaymentDetailSerializer,
    AdminPaymentQuery,
    AdminPaymentSerializer,
    EntryQuery,
    EntrySerializer,
    WebhookEventDetailSerializer,
    WebhookEventQuery,
    WebhookEventSerializer,
)


@extend_schema_view(get=extend_schema(operation_id="list_all_payments"))
class AdminPaymentListView(ListView[Payment]):
    permission_classes = [requires(VIEW_ANY_PAYMENT)]
    serializer_class = AdminPaymentSerializer
    query_serializer_class = AdminPaymentQuery

    def get_queryset(self) -> QuerySet[Payment]:
        return all_payments().filter(**self.filters)


@extend_schema_view(get=extend_schema(operation_id="get_any_payment"))
class AdminPaymentView(RetrieveAPIView[Payment]):
    permission_classes = [requires(VIEW_ANY_PAYMENT)]
    serializer_class = AdminPaymentDetailSerializer

    def get_queryset(self) -> QuerySet[Payment]:
        return all_payments()


@extend_schema_view(get=extend_schema(operation_id="list_webhook_events"))
class WebhookEventListView(ListView[WebhookEvent]):
    permission_classes = [requires(VIEW_WEBHOOK_EVENT)]
    serializer_class = WebhookEventSerializer
    query_serializer_class = WebhookEventQuery

    def get_queryset(self) -> QuerySet[WebhookEvent]:
        return webhook_events().filter(**self.filters)


@extend_schema_view(get=extend_schema(operation_id="get_webhook_event"))
class WebhookEventView(RetrieveAPIView[WebhookEvent]):
    permission_classes = [requires(VIEW_WEBHOOK_EVENT)]
    serializer_class = WebhookEventDetailSerializer

    def get_queryset(self) -> QuerySet[WebhookEvent]:
        return webhook_events()


class AdminAccountView(APIView):
    permission_classes = [requires(VIEW_ANY_ACCOUNT)]

    @extend_schema(operation_id="get_any_account", responses=AccountSerializer)
    def get(self, request: Request, user_id: str) -> Response:
        return Response(AccountSerializer(account_summary(_known_user_id(user_id))).data)


@extend_schema_view(get=extend_schema(operation_id="list_any_entries"))
class AdminEntryListView(ListView[Line]):
    permission_classes = [requires(VIEW_ANY_ACCOUNT)]
    serializer_class = EntrySerializer
    query_serializer_class = EntryQuery
    ordering = "-account_seq"

    def get_queryset(self) -> QuerySet[Line]:
        user_id = _known_user_id(self.kwargs["user_id"])
        return entries_of(user_id, since=self.filters.get("from"), until=self.filters.get("to"))


def _known_user_id(text: str) -> Any:
    """The id of a user, whatever kind of ids the project's user model has. Raises NotFound."""
    users = get_user_model()
    try:
        user_id = users._meta.pk.to_python(text)
    except DjangoValidationError:
        raise NotFound from None
    return get_object_or_404(users, pk=user_id).pk
