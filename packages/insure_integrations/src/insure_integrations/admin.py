"""Calls and runs in the back office: to read, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from insure_integrations.models import ExternalCall, SyncQuarantine, SyncRun
from insure_integrations.permissions import VIEW_EXTERNAL_CALL, VIEW_SYNC_RUN


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's class takes no parameter when it runs
    required = ""
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(self.required)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ExternalCall)
class ExternalCallAdmin(ReadOnlyAdmin):
    required = VIEW_EXTERNAL_CALL
    list_display = ["created_at", "system", "operation", "attempt", "status", "error", "duration_ms", "correlation_id"]
    list_filter = ["system", "created_at"]
    search_fields = ["=correlation_id", "=operation"]


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    required = VIEW_SYNC_RUN
    list_display = ["created_at", "job", "status", "full", "created", "updated", "unchanged", "failed", "error"]
    list_filter = ["job", "status"]


@admin.register(SyncQuarantine)
class SyncQuarantineAdmin(ReadOnlyAdmin):
    required = VIEW_SYNC_RUN
    list_display = ["refused_at", "job", "reference", "reason"]
    list_filter = ["job"]
    search_fields = ["=reference"]
