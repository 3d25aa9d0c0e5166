"""The trail in the back office: to read, never to change."""

from django.contrib import admin

from insure_audit.models import Event
from insure_audit.permissions import VIEW_AUDIT_EVENT
from insure_common.admin import ReadOnlyAdmin


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    view_permissions = (VIEW_AUDIT_EVENT,)
    exclude = ("actor",)
    readonly_fields = ("actor_id",)
    list_display = ["occurred_at", "action", "actor_role", "target_type", "target_id", "correlation_id"]
    list_filter = ["occurred_at"]
    search_fields = ["=target_id", "=correlation_id", "=action"]
