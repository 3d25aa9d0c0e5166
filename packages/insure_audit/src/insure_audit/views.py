from dataclasses import asdict
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from insure_audit.models import Event
from insure_audit.permissions import VIEW_AUDIT_EVENT
from insure_audit.proof import prove
from insure_audit.selectors.events import audit_events
from insure_audit.serializers import AuditEventQuery, AuditEventSerializer, ProofSerializer
from insure_common.api.permissions import requires
from insure_common.api.views import ApiView, DetailView, ListView


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
