"""Comparisons of days with a provider, for operators."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.permissions import requires
from insure_common.api.views import DetailView, ListView, validated
from insure_payments.models import Reconciliation
from insure_payments.permissions import RUN_RECONCILIATION, VIEW_RECONCILIATION
from insure_payments.selectors.reconciliations import reconciliations
from insure_payments.serializers.reconciliations import (
    ReconciliationDetailSerializer,
    ReconciliationQuery,
    ReconciliationRequest,
    ReconciliationSerializer,
)
from insure_payments.services.request_reconciliation import request_reconciliation


class ReconciliationListView(ListView[Reconciliation]):
    serializer_class = ReconciliationSerializer
    query_serializer_class = ReconciliationQuery
    ordering = ("-date", "provider")

    def get_permissions(self) -> list[BasePermission]:
        return [requires(RUN_RECONCILIATION if self.request.method == "POST" else VIEW_RECONCILIATION)()]

    def get_queryset(self) -> QuerySet[Reconciliation]:
        return reconciliations().filter(**self.filters)

    @extend_schema(operation_id="list_reconciliations")
    def get(self, request: Request) -> Response:
        return super().get(request)

    @extend_schema(
        operation_id="request_reconciliation",
        request=ReconciliationRequest,
        responses={202: ReconciliationSerializer},
    )
    def post(self, request: Request) -> Response:
        run = request_reconciliation(actor=request.user, **validated(ReconciliationRequest, request.data))
        data = ReconciliationSerializer(reconciliations().get(pk=run.pk)).data
        return Response(data, status=status.HTTP_202_ACCEPTED)


@extend_schema_view(get=extend_schema(operation_id="get_reconciliation"))
class ReconciliationView(DetailView[Reconciliation]):
    permission_classes = [requires(VIEW_RECONCILIATION)]
    serializer_class = ReconciliationDetailSerializer
    queryset = reconciliations()
