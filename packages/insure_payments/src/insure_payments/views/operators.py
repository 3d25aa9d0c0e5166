"""What operators see of everybody."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.permissions import requires
from insure_common.api.views import ApiView, ListView
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
from insure_payments.services.view_as_operator import view_account, view_payment, view_webhook_event


@extend_schema_view(get=extend_schema(operation_id="list_all_payments"))
class AdminPaymentListView(ListView[Payment]):
    permission_classes = [requires(VIEW_ANY_PAYMENT)]
    serializer_class = AdminPaymentSerializer
    query_serializer_class = AdminPaymentQuery

    def get_queryset(self) -> QuerySet[Payment]:
        return all_payments().filter(**self.filters)


class AdminPaymentView(ApiView):
    permission_classes = [requires(VIEW_ANY_PAYMENT)]

    @extend_schema(operation_id="get_any_payment", responses=AdminPaymentDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        payment = view_payment(actor=request.user, payment_id=pk)
        return Response(AdminPaymentDetailSerializer(payment).data)


@extend_schema_view(get=extend_schema(operation_id="list_webhook_events"))
class WebhookEventListView(ListView[WebhookEvent]):
    permission_classes = [requires(VIEW_WEBHOOK_EVENT)]
    serializer_class = WebhookEventSerializer
    query_serializer_class = WebhookEventQuery

    def get_queryset(self) -> QuerySet[WebhookEvent]:
        return webhook_events().filter(**self.filters)


class WebhookEventView(ApiView):
    permission_classes = [requires(VIEW_WEBHOOK_EVENT)]

    @extend_schema(operation_id="get_webhook_event", responses=WebhookEventDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        event = view_webhook_event(actor=request.user, event_id=pk)
        return Response(WebhookEventDetailSerializer(event).data)


class AdminAccountView(ApiView):
    permission_classes = [requires(VIEW_ANY_ACCOUNT)]

    @extend_schema(operation_id="get_any_account", responses=AccountSerializer)
    def get(self, request: Request, user_id: str) -> Response:
        client_id = view_account(actor=request.user, user_id=user_id)
        return Response(AccountSerializer(account_summary(client_id)).data)


@extend_schema_view(get=extend_schema(operation_id="list_any_entries"))
class AdminEntryListView(ListView[Line]):
    permission_classes = [requires(VIEW_ANY_ACCOUNT)]
    serializer_class = EntrySerializer
    query_serializer_class = EntryQuery
    ordering = "-account_seq"

    def get_queryset(self) -> QuerySet[Line]:
        client_id = view_account(actor=self.request.user, user_id=self.kwargs["user_id"])
        return entries_of(client_id, since=self.filters.get("from"), until=self.filters.get("to"))
