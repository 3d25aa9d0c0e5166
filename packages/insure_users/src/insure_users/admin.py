"""Users in the back office: to look at, for those who may; changes go through the API and the CLI, with a reason."""

from django.contrib import admin
from django.contrib.auth import get_user_model

from insure_common.admin import ReadOnlyAdmin
from insure_users.models import User


class UserAdmin(ReadOnlyAdmin):
    view_permissions = ("insure_users.view_any_user", "insure_users.view_personal_data")
    list_display = ("full_name", "email_primary", "id_type", "id_number", "status", "role", "created_at")
    list_filter = ("status", "role")
    search_fields = ("full_name", "=email_primary", "=id_number")
    ordering = ("-id",)
    exclude = ("password",)


if get_user_model() is User:
    admin.site.register(User, UserAdmin)
