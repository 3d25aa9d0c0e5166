"""The client's own account: balance, movements, charges, statements."""

from io import BytesIO
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.downloads import file_response
from insure_common.api.views import ApiView, DetailView, ListView
from insure_common.documents.storage import stored_file
from insure_payments.documents.statement import statement_pdf
from insure_payments.models import Charge, Line, Statement
from insure_payments.selectors.accounts import account_summary, entries_of
from insure_payments.selectors.charges import charges_visible_to
from insure_payments.selectors.statements import lines_of, statements_visible_to
from insure_payments.serializers.account import (
    AccountSerializer,
    ChargeQuery,
    ChargeSerializer,
    EntryQuery,
    EntrySerializer,
    StatementDetailSerializer,
    StatementSerializer,
)
from insure_payments.services.render_statement import render_statement


class AccountView(ApiView):
    @extend_schema(operation_id="get_account", responses=AccountSerializer)
    def get(self, request: Request) -> Response:
        return Response(AccountSerializer(account_summary(request.user.pk)).data)


@extend_schema_view(get=extend_schema(operation_id="list_entries"))
class EntryListView(ListView[Line]):
    serializer_class = EntrySerializer
    query_serializer_class = EntryQuery
    ordering = "-account_seq"

    def get_queryset(self) -> QuerySet[Line]:
        return entries_of(self.request.user.pk, since=self.filters.get("from"), until=self.filters.get("to"))


@extend_schema_view(get=extend_schema(operation_id="list_charges"))
class ChargeListView(ListView[Charge]):
    serializer_class = ChargeSerializer
    query_serializer_class = ChargeQuery
    ordering = ("due_date", "id")

    def get_queryset(self) -> QuerySet[Charge]:
        names = {"status": "status", "policy": "policy_reference"}
        return charges_visible_to(self.request.user).filter(
            **{names[key]: value for key, value in self.filters.items()}
        )


@extend_schema_view(get=extend_schema(operation_id="get_charge"))
class ChargeView(DetailView[Charge]):
    serializer_class = ChargeSerializer

    def get_queryset(self) -> QuerySet[Charge]:
        return charges_visible_to(self.request.user)


@extend_schema_view(get=extend_schema(operation_id="list_statements"))
class StatementListView(ListView[Statement]):
    serializer_class = StatementSerializer
    ordering = ("-period", "-id")

    def get_queryset(self) -> QuerySet[Statement]:
        return statements_visible_to(self.request.user)


class StatementView(ApiView):
    @extend_schema(operation_id="get_statement", responses=StatementDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        statement: Any = get_object_or_404(statements_visible_to(request.user), pk=pk)
        statement.lines = lines_of(statement)
        return Response(StatementDetailSerializer(statement).data)


class StatementPdfView(ApiView):
    @extend_schema(operation_id="get_statement_pdf", responses={(200, "application/pdf"): bytes})
    def get(self, request: Request, pk: UUID) -> FileResponse:
        statement = get_object_or_404(statements_visible_to(request.user), pk=pk)
        filename = f"extracto-{statement.period:%Y-%m}.pdf"
        if statement.closed_at:
            return file_response(stored_file(render_statement(statement=statement)), filename=filename)
        # The month goes on, so what it comes to now is not kept.
        return file_response(BytesIO(statement_pdf(statement=statement, lines=lines_of(statement))), filename=filename)
