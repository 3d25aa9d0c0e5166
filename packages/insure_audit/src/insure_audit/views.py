from dataclasses import asdict
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request
from rest_framework.response import Response

from insure_audit.enums import ReportFormat
from insure_audit.models import Event, Report
from insure_audit.permissions import CREATE_REPORT, VIEW_AUDIT_EVENT
from insure_audit.proof import prove
from insure_audit.selectors.events import audit_events
from insure_audit.selectors.reports import report_kinds_for, reports_visible_to
from insure_audit.serializers import (
    AuditEventQuery,
    AuditEventSerializer,
    ProofSerializer,
    ReportKindPageSerializer,
    ReportQuery,
    ReportRequest,
    ReportSerializer,
)
from insure_audit.services.download_report import download_report
from insure_audit.services.request_report import request_report
from insure_common import clock
from insure_common.api.downloads import file_response
from insure_common.api.permissions import requires
from insure_common.api.views import ApiView, DetailView, ListView, validated
from insure_common.idempotency import idempotently

CONTENT_TYPES = {ReportFormat.CSV: "text/csv; charset=utf-8", ReportFormat.PDF: "application/pdf"}


@extend_schema_view(get=extend_schema(operation_id="list_audit_events"))
class AuditEventListView(ListView[Event]):
    permission_classes = [requires(VIEW_AUDIT_EVENT)]
    serializer_class = AuditEventSerializer
    query_serializer_class = AuditEventQuery

    def get_queryset(self) -> QuerySet[Event]:
        return audit_events(self.filters)


@extend_schema_view(get=extend_schema(operation_id="get_audit_event"))
class AuditEventView(DetailView[Event]):
    permission_classes = [requires(VIEW_AUDIT_EVENT)]
    serializer_class = AuditEventSerializer
    queryset = audit_events()


class AuditEventProofView(ApiView):
    permission_classes = [requires(VIEW_AUDIT_EVENT)]

    @extend_schema(operation_id="get_audit_event_proof", responses=ProofSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        proof = prove(get_object_or_404(audit_events(), pk=pk))
        return Response(ProofSerializer(asdict(proof)).data)


class ReportKindListView(ApiView):
    permission_classes = [requires(CREATE_REPORT)]

    @extend_schema(operation_id="list_report_kinds", responses=ReportKindPageSerializer)
    def get(self, request: Request) -> Response:
        # The registry is in code and short: it is one page.
        results = [
            {
                "kind": name,
                "title": kind.title,
                "formats": kind.formats,
                "parameters": SimpleMetadata().get_serializer_info(kind.parameters()),
            }
            for name, kind in sorted(report_kinds_for(request.user).items())
        ]
        return Response(ReportKindPageSerializer({"next": None, "previous": None, "results": results}).data)


class ReportListView(ListView[Report]):
    permission_classes = [requires(CREATE_REPORT)]
    serializer_class = ReportSerializer
    query_serializer_class = ReportQuery

    def get_queryset(self) -> QuerySet[Report]:
        return reports_visible_to(self.request.user).filter(**self.filters)

    @extend_schema(operation_id="list_reports")
    def get(self, request: Request) -> Response:
        return super().get(request)

    @extend_schema(
        operation_id="request_report",
        request=ReportRequest,
        responses={202: ReportSerializer},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        values = validated(ReportRequest, request.data)
        outcome = idempotently(
            request,
            effect=lambda: request_report(actor=request.user, **values),
            status=status.HTTP_202_ACCEPTED,
            is_required=False,
        )
        report = get_object_or_404(reports_visible_to(request.user), pk=outcome.object_id)
        return Response(ReportSerializer(report).data, status=outcome.status, headers=outcome.headers)


@extend_schema_view(get=extend_schema(operation_id="get_report"))
class ReportView(DetailView[Report]):
    permission_classes = [requires(CREATE_REPORT)]
    serializer_class = ReportSerializer

    def get_queryset(self) -> QuerySet[Report]:
        return reports_visible_to(self.request.user)


class ReportDownloadView(ApiView):
    permission_classes = [requires(CREATE_REPORT)]

    @extend_schema(
        operation_id="download_report", responses={(200, "text/csv"): bytes, (200, "application/pdf"): bytes}
    )
    def get(self, request: Request, pk: UUID) -> FileResponse:
        report, file = download_report(actor=request.user, report_id=pk)
        day = report.created_at.astimezone(clock.BOGOTA)
        return file_response(
            file,
            filename=f"{report.kind}-{day:%Y-%m-%d}.{report.format.lower()}",
            content_type=CONTENT_TYPES[ReportFormat(report.format)],
        )
