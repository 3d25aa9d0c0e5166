"""Rights are Django permissions; a view names the one that it needs."""

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView


def requires(permission: str) -> type[IsAuthenticated]:
    """A permission class: 401 for anonymous callers, 403 for users without `permission` (`"app_label.codename"`)."""

    class Requires(IsAuthenticated):
        required = permission

        def has_permission(self, request: Request, view: APIView) -> bool:
            return super().has_permission(request, view) and request.user.has_perm(permission)

    return Requires
