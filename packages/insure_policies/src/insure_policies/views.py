from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.downloads import file_response
from insure_common.api.permissions import requires
from insure_common.api.views import ApiView, DetailView, ListView
from insure_policies.models import Policy
from insure_policies.permissions import VIEW_ANY_POLICY
from insure_policies.selectors.documents import document_visible_to, open_document
from insure_policies.selectors.policies import all_policies, policies_visible_to
from insure_policies.serializers import (
    AdminPolicyDetailSerializer,
    AdminPolicyQuery,
    AdminPolicySerializer,
    PolicyQuery,
    PolicySerializer,
)
from insure_policies.services.view_policy import view_policy


@extend_schema_view(get=extend_schema(operation_id="list_policies"))
class PolicyListView(ListView[Policy]):
    serializer_class = PolicySerializer
    query_serializer_class = PolicyQuery

    def get_queryset(self) -> QuerySet[Policy]:
        return policies_visible_to(self.request.user, self.filters)


@extend_schema_view(get=extend_schema(operation_id="get_policy"))
class PolicyView(DetailView[Policy]):
    serializer_class = PolicySerializer

    def get_queryset(self) -> QuerySet[Policy]:
        return policies_visible_to(self.request.user)


class DocumentDownloadView(ApiView):
    @extend_schema(operation_id="download_policy_document", responses={(200, "application/pdf"): bytes})
    def get(self, request: Request, policy_id: UUID, document_id: UUID) -> FileResponse:
        document = document_visible_to(request.user, policy_id=policy_id, document_id=document_id)
        return file_response(open_document(document), filename=document.name)


@extend_schema_view(get=extend_schema(operation_id="list_all_policies"))
class AdminPolicyListView(ListView[Policy]):
    permission_classes = [requires(VIEW_ANY_POLICY)]
    serializer_class = AdminPolicySerializer
    query_serializer_class = AdminPolicyQuery

    def get_queryset(self) -> QuerySet[Policy]:
        return all_policies(self.filters)


class AdminPolicyView(ApiView):
    permission_classes = [requires(VIEW_ANY_POLICY)]

    @extend_schema(operation_id="get_any_policy", responses=AdminPolicyDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        policy = view_policy(actor=request.user, policy_id=pk)
        return Response(AdminPolicyDetailSerializer(policy, context={"request": request}).data)
