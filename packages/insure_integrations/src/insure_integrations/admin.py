"""Calls and runs in the back office: to read, never to change."""

from django.contrib import admin

from insure_common.admin import ReadOnlyAdmin
from insure_integrations.models import ExternalCall, SyncQuarantine, SyncRun
from insure_integrations.permissions import VIEW_EXTERNAL_CALL, VIEW_SYNC_RUN


@admin.register(ExternalCall)
class ExternalCallAdmin(ReadOnlyAdmin):
    view_permissions = (VIEW_EXTERNAL_CALL,)
    list_display = ["created_at", "system", "operation", "attempt", "status", "error", "duration_ms", "correlation_id"]
    list_filter = ["system", "created_at"]
    search_fields = ["=correlation_id", "=operation"]


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    view_permissions = (VIEW_SYNC_RUN,)
    list_display = ["created_at", "job", "status", "full", "created", "updated", "unchanged", "failed", "error"]
    list_filter = ["job", "status"]


@admin.register(SyncQuarantine)
class SyncQuarantineAdmin(ReadOnlyAdmin):
    view_permissions = (VIEW_SYNC_RUN,)
    list_display = ["refused_at", "job", "reference", "reason"]
    list_filter = ["job"]
    search_fields = ["=reference"]
