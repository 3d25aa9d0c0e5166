"""Users in the back office: to look at, for those who may; changes go through the API and the CLI, with a reason."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from insure_common.admin import OwnedAdmin, ReadOnlyAdmin
from insure_users.models import DataRequest, User


class UserAdmin(ReadOnlyAdmin):
    view_permissions = ("insure_users.view_any_user", "insure_users.view_personal_data")
    list_display = ("full_name", "email_primary", "id_type", "id_number", "status", "role", "created_at")
    list_filter = ("status", "role")
    search_fields = ("full_name", "=email_primary", "=id_number")
    ordering = ("-id",)
    exclude = ("password",)


@admin.register(DataRequest)
class DataRequestAdmin(OwnedAdmin):
    view_permissions = ("insure_users.handle_request",)
    list_display = ("due_on", "kind", "status", "is_overdue", "user_id", "received_on", "extended_at", "closed_at")
    list_filter = ("status", "kind")
    ordering = ("due_on", "id")

    @admin.display(boolean=True, description=_("overdue"))
    def is_overdue(self, request: DataRequest) -> bool:
        return request.is_overdue


if get_user_model() is User:
    admin.site.register(User, UserAdmin)
