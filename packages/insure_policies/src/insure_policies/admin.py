"""Policies in the back office: to read; the core system is where they change."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from insure_policies.models import Policy
from insure_policies.permissions import VIEW_ANY_POLICY
from insure_policies.services.view_policy import view_policy


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's class takes no parameter when it runs
    list_display = ["number", "product_code", "status", "starts_on", "ends_on", "insurer", "last_synced_at"]
    list_filter = ["status", "system"]
    search_fields = ["=number", "=reference", "=holder_reference"]
    exclude = ["insured", "fingerprint"]
    show_full_result_count = False

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().change_view(request, object_id, *args, **kwargs)
        if response.status_code == 200:
            view_policy(actor=request.user, policy_id=UUID(object_id))
        return response

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(VIEW_ANY_POLICY)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
