"""Users in the back office: to look at, for those who may; changes go through the API and the CLI, with a reason."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from insure_users.models import User


class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's is not subscriptable
    list_display = ("full_name", "email_primary", "id_type", "id_number", "status", "role", "created_at")
    list_filter = ("status", "role")
    search_fields = ("full_name", "=email_primary", "=id_number")
    ordering = ("-id",)
    exclude = ("password",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["insure_users.view_any_user", "insure_users.view_personal_data"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


if get_user_model() is User:
    admin.site.register(User, UserAdmin)
