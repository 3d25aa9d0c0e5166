"""What operators see of everybody, and what they do."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.permissions import requires
from insure_common.api.views import ApiView, ListView, validated
from insure_common.idempotency import Outcome, idempotently
from insure_payments.enums import CaseOutcome
from insure_payments.models import Line, Payment, WebhookEvent
from insure_payments.permissions import (
    ADD_ANY_CHARGE,
    REPLAY_WEBHOOK_EVENT,
    RESOLVE_ANY_PAYMENT,
    VIEW_ANY_ACCOUNT,
    VIEW_ANY_PAYMENT,
    VIEW_WEBHOOK_EVENT,
    VOID_ANY_CHARGE,
    VOID_ANY_PAYMENT,
)
from insure_payments.selectors.accounts import account_summary, entries_of
from insure_payments.selectors.cases import payments_in_full, with_open_case
from insure_payments.selectors.charges import all_charges
from insure_payments.selectors.payments import all_payments, webhook_events
from insure_payments.serializers.account import AccountSerializer, EntryQuery, EntrySerializer
from insure_payments.serializers.operations import (
    MakeChargeSerializer,
    ReplaySerializer,
    ResolvePaymentSerializer,
    VoidChargeSerializer,
    VoidPaymentSerializer,
)
from insure_payments.serializers.operators import (
    AdminChargeSerializer,
    AdminPaymentDetailSerializer,
    AdminPaymentQuery,
    AdminPaymentSerializer,
    WebhookEventDetailSerializer,
    WebhookEventQuery,
    WebhookEventSerializer,
)
from insure_payments.services.manage_charges import make_charge, void_charge
from insure_payments.services.replay_webhook import replay_webhook
from insure_payments.services.resolve_payment import resolve_payment
from insure_payments.services.view_as_operator import view_account, view_payment, view_webhook_event
from insure_payments.services.void_payment import void_payment
from insure_payments.views.payments import IDEMPOTENCY_KEY


@extend_schema_view(get=extend_schema(operation_id="list_all_payments"))
class AdminPaymentListView(ListView[Payment]):
    permission_classes = [requires(VIEW_ANY_PAYMENT)]
    serializer_class = AdminPaymentSerializer
    query_serializer_class = AdminPaymentQuery

    def get_queryset(self) -> QuerySet[Payment]:
        return with_open_case(all_payments()).filter(**self.filters)


class AdminPaymentView(ApiView):
    permission_classes = [requires(VIEW_ANY_PAYMENT)]

    @extend_schema(operation_id="get_any_payment", responses=AdminPaymentDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        payment = view_payment(actor=request.user, payment_id=pk)
        return Response(AdminPaymentDetailSerializer(payment).data)


class VoidPaymentView(ApiView):
    permission_classes = [requires(VOID_ANY_PAYMENT)]

    @extend_schema(
        operation_id="void_payment",
        request=VoidPaymentSerializer,
        responses={202: AdminPaymentDetailSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        data = validated(VoidPaymentSerializer, request.data)
        return _payment_answer(
            idempotently(
                request,
                effect=lambda: void_payment(
                    actor=request.user,
                    payment_id=pk,
                    reason=data["reason"],
                    transaction_id=data.get("transaction", ""),
                ),
                status=status.HTTP_202_ACCEPTED,
            )
        )


class ResolvePaymentView(ApiView):
    permission_classes = [requires(RESOLVE_ANY_PAYMENT)]

    @extend_schema(
        operation_id="resolve_payment",
        request=ResolvePaymentSerializer,
        responses=AdminPaymentDetailSerializer,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        data = validated(ResolvePaymentSerializer, request.data)
        return _payment_answer(
            idempotently(
                request,
                effect=lambda: resolve_payment(
                    actor=request.user,
                    payment_id=pk,
                    outcome=CaseOutcome(data["outcome"]),
                    reason=data["reason"],
                    transaction_id=data.get("transaction", ""),
                ),
                status=status.HTTP_200_OK,
            )
        )


def _payment_answer(outcome: Outcome) -> Response:
    payment = payments_in_full().get(pk=outcome.object_id)
    return Response(AdminPaymentDetailSerializer(payment).data, status=outcome.status, headers=outcome.headers)


class MakeChargeView(ApiView):
    permission_classes = [requires(ADD_ANY_CHARGE)]

    @extend_schema(
        operation_id="make_charge",
        request=MakeChargeSerializer,
        responses={201: AdminChargeSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        data = validated(MakeChargeSerializer, request.data)
        user_id = data.pop("user")
        return _charge_answer(
            idempotently(
                request,
                effect=lambda: make_charge(actor=request.user, user_id=user_id, **data),
                status=status.HTTP_201_CREATED,
            )
        )


class VoidChargeView(ApiView):
    permission_classes = [requires(VOID_ANY_CHARGE)]

    @extend_schema(
        operation_id="void_charge",
        request=VoidChargeSerializer,
        responses=AdminChargeSerializer,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        data = validated(VoidChargeSerializer, request.data)
        return _charge_answer(
            idempotently(
                request,
                effect=lambda: void_charge(actor=request.user, charge_id=pk, **data),
                status=status.HTTP_200_OK,
            )
        )


def _charge_answer(outcome: Outcome) -> Response:
    charge = all_charges().get(pk=outcome.object_id)
    return Response(AdminChargeSerializer(charge).data, status=outcome.status, headers=outcome.headers)


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


class ReplayWebhookView(ApiView):
    permission_classes = [requires(REPLAY_WEBHOOK_EVENT)]

    @extend_schema(
        operation_id="replay_webhook_event", request=ReplaySerializer, responses={202: WebhookEventSerializer}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        event = replay_webhook(actor=request.user, event_id=pk, **validated(ReplaySerializer, request.data))
        return Response(WebhookEventSerializer(event).data, status=status.HTTP_202_ACCEPTED)


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
