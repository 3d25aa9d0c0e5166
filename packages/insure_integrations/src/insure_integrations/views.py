from typing import cast
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.permissions import requires
from insure_common.api.views import ApiView, DetailView, ListView, validated
from insure_common.idempotency import idempotently
from insure_integrations.models import ExternalCall, Notification, SyncRun
from insure_integrations.permissions import RUN_SYNC_JOB, VIEW_EXTERNAL_CALL, VIEW_SYNC_RUN
from insure_integrations.selectors.integrations import external_calls, notifications_of, sync_jobs, sync_runs
from insure_integrations.serializers import (
    ExternalCallDetailSerializer,
    ExternalCallQuery,
    ExternalCallSerializer,
    NotificationSerializer,
    SyncJobPageSerializer,
    SyncRunDetailSerializer,
    SyncRunQuery,
    SyncRunRequest,
    SyncRunSerializer,
)
from insure_integrations.services.read_notification import read_notification
from insure_integrations.services.request_sync import request_sync


class SyncJobListView(ApiView):
    permission_classes = [requires(VIEW_SYNC_RUN)]

    @extend_schema(operation_id="list_sync_jobs", responses=SyncJobPageSerializer)
    def get(self, request: Request) -> Response:
        # The registry is in code and short: it is one page.
        page = {"next": None, "previous": None, "results": sync_jobs()}
        return Response(SyncJobPageSerializer(page).data)


class SyncRunListView(ListView[SyncRun]):
    serializer_class = SyncRunSerializer
    query_serializer_class = SyncRunQuery

    def get_permissions(self) -> list[BasePermission]:
        return [requires(RUN_SYNC_JOB if self.request.method == "POST" else VIEW_SYNC_RUN)()]

    def get_queryset(self) -> QuerySet[SyncRun]:
        return sync_runs(self.filters)

    @extend_schema(operation_id="list_sync_runs")
    def get(self, request: Request) -> Response:
        return super().get(request)

    @extend_schema(operation_id="request_sync_run", request=SyncRunRequest, responses={202: SyncRunSerializer})
    def post(self, request: Request) -> Response:
        values = validated(SyncRunRequest, request.data)
        actor = cast(AbstractBaseUser, request.user)
        outcome = idempotently(request, effect=lambda: request_sync(actor=actor, **values), status=202)
        run = sync_runs().get(pk=outcome.object_id)
        return Response(SyncRunSerializer(run).data, status=outcome.status, headers=outcome.headers)


@extend_schema_view(get=extend_schema(operation_id="get_sync_run"))
class SyncRunView(DetailView[SyncRun]):
    permission_classes = [requires(VIEW_SYNC_RUN)]
    serializer_class = SyncRunDetailSerializer
    queryset = sync_runs()


@extend_schema_view(get=extend_schema(operation_id="list_external_calls"))
class ExternalCallListView(ListView[ExternalCall]):
    permission_classes = [requires(VIEW_EXTERNAL_CALL)]
    serializer_class = ExternalCallSerializer
    query_serializer_class = ExternalCallQuery

    def get_queryset(self) -> QuerySet[ExternalCall]:
        return external_calls(self.filters).defer("request", "response")


@extend_schema_view(get=extend_schema(operation_id="get_external_call"))
class ExternalCallView(DetailView[ExternalCall]):
    permission_classes = [requires(VIEW_EXTERNAL_CALL)]
    serializer_class = ExternalCallDetailSerializer
    queryset = external_calls()


@extend_schema_view(get=extend_schema(operation_id="list_notifications"))
class NotificationListView(ListView[Notification]):
    serializer_class = NotificationSerializer

    def get_queryset(self) -> QuerySet[Notification]:
        return notifications_of(self.request.user.pk)


class NotificationReadView(ApiView):
    @extend_schema(operation_id="read_notification", request=None, responses=NotificationSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        notification = get_object_or_404(notifications_of(request.user.pk), pk=pk)
        return Response(NotificationSerializer(read_notification(notification=notification)).data)
