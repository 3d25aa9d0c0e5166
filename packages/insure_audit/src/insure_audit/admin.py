"""The trail in the back office: to read, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from insure_audit.models import Event
from insure_audit.permissions import VIEW_AUDIT_EVENT


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's class takes no parameter when it runs
    list_display = ["occurred_at", "action", "actor_role", "target_type", "target_id", "correlation_id"]
    list_filter = ["occurred_at"]
    search_fields = ["=target_id", "=correlation_id", "=action"]
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(VIEW_AUDIT_EVENT)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
