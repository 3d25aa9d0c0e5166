"""Policies in the back office: to read; the core system is where they change."""

from typing import Any
from uuid import UUID

from django.contrib import admin

from insure_common.admin import OwnedAdmin
from insure_policies.models import Policy
from insure_policies.permissions import VIEW_ANY_POLICY
from insure_policies.services.view_policy import view_policy


@admin.register(Policy)
class PolicyAdmin(OwnedAdmin):
    view_permissions = (VIEW_ANY_POLICY,)
    list_display = ["number", "product_code", "status", "starts_on", "ends_on", "insurer", "last_synced_at"]
    list_filter = ["status", "system"]
    search_fields = ["=number", "=reference", "=holder_reference"]
    exclude = ("user", "insured", "fingerprint")

    def record_view(self, *, actor: Any, object_id: str) -> None:
        view_policy(actor=actor, policy_id=UUID(object_id))
