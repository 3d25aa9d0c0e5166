"""The client's own payments, and what a provider offers."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from insure_common.api.downloads import file_response
from insure_common.api.throttles import FairUse
from insure_common.api.views import ApiView, DetailView, ListView, RevalidatedView, validated
from insure_common.documents.storage import stored_file
from insure_common.exceptions import NotFound
from insure_common.idempotency import idempotently
from insure_payments.conf import PaymentsSettings
from insure_payments.errors import CatalogNotReady
from insure_payments.gateways.base import needs_of
from insure_payments.models import Payment, ProviderCatalog
from insure_payments.selectors.catalog import catalog_of, catalogs
from insure_payments.selectors.payments import payments_visible_to, receipt_visible_to
from insure_payments.serializers.payments import (
    InstitutionPageSerializer,
    PaymentMethodsSerializer,
    PaymentQuery,
    PaymentSerializer,
    StartPaymentSerializer,
)
from insure_payments.services.refresh_catalog import request_catalog_refresh
from insure_payments.services.start_payment import start_payment

IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)


class PaymentListView(ListView[Payment]):
    serializer_class = PaymentSerializer
    query_serializer_class = PaymentQuery
    throttle_scope = "payments"

    def get_queryset(self) -> QuerySet[Payment]:
        return payments_visible_to(self.request.user).filter(**self.filters)

    def get_throttles(self) -> list[BaseThrottle]:
        return [FairUse()] if self.request.method == "POST" else []

    @extend_schema(operation_id="list_payments")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="start_payment",
        request=StartPaymentSerializer,
        responses={202: PaymentSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        data = validated(StartPaymentSerializer, request.data)
        outcome = idempotently(
            request,
            effect=lambda: start_payment(user=request.user, **data),
            status=status.HTTP_202_ACCEPTED,
        )
        payment = payments_visible_to(request.user).get(pk=outcome.object_id)
        return Response(PaymentSerializer(payment).data, status=outcome.status, headers=outcome.headers)


@extend_schema_view(get=extend_schema(operation_id="get_payment"))
class PaymentView(DetailView[Payment]):
    serializer_class = PaymentSerializer

    def get_queryset(self) -> QuerySet[Payment]:
        return payments_visible_to(self.request.user)


class ReceiptView(ApiView):
    @extend_schema(operation_id="get_receipt", responses={(200, "application/pdf"): bytes})
    def get(self, request: Request, pk: UUID) -> FileResponse:
        receipt = receipt_visible_to(request.user, pk)
        if receipt is None:
            raise NotFound
        return file_response(stored_file(receipt), filename=f"recibo-{receipt.number}.pdf")


class PaymentMethodsView(ApiView):
    @extend_schema(operation_id="list_payment_methods", responses=PaymentMethodsSerializer)
    def get(self, request: Request) -> Response:
        _catalog()
        offers = catalogs()
        methods = [
            {"type": method, "provider": offer.provider, "needs": needs_of(offer.provider, method)}
            for offer in offers
            for method in offer.methods
        ]
        documents = [document for offer in offers for document in offer.accepted_documents]
        answer = {"methods": methods, "accepted_documents": documents}
        return Response(PaymentMethodsSerializer(answer).data)


class InstitutionListView(RevalidatedView):
    @extend_schema(operation_id="list_institutions", responses=InstitutionPageSerializer)
    def get(self, request: Request) -> Response:
        page = {"next": None, "previous": None, "results": _catalog().institutions}
        return Response(InstitutionPageSerializer(page).data)


def _catalog() -> ProviderCatalog:
    """What was fetched last. Before the first time a worker is asked, and the client told to come again."""
    provider = PaymentsSettings.load().DEFAULT_PROVIDER
    catalog = catalog_of(provider)
    if catalog is None:
        request_catalog_refresh(provider=provider)
        raise CatalogNotReady
    return catalog
