"""The back office reads; changes go through services, which want a reason and leave an audit event."""

from http import HTTPStatus
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's class takes no parameter when it runs
    """Pages to look at for those who have all of `view_permissions` (`"app_label.codename"`)."""

    view_permissions: tuple[str, ...]
    actions: Any = None
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(self.view_permissions)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().change_view(request, object_id, *args, **kwargs)
        if response.status_code == HTTPStatus.OK:
            self.record_view(actor=request.user, object_id=object_id)
        return response

    def record_view(self, *, actor: Any, object_id: str) -> None:
        """Leave an audit event of a page that shows what belongs to a client; overridden where it does."""


class OwnedAdmin(ReadOnlyAdmin):
    """Rows of a user, who is shown by id: a name or an e-mail would be personal data."""

    exclude: ClassVar[tuple[str, ...]] = ("user",)
    readonly_fields = ("user_id",)
