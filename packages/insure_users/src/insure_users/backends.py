"""Django's permission checks, answered from the role's row in `insure_users.roles`."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.db.models import Model

from insure_users.models import User
from insure_users.roles import permissions_of


class RoleBackend(BaseBackend):
    """Rights by role. It signs nobody in: there is no way in by password alone, see `insure_users.backoffice`."""

    def get_user(self, user_id: Any) -> User | None:
        user = get_user_model()._default_manager.filter(pk=user_id).first()
        return user if user is not None and user.is_active else None

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        return user_obj.is_active and perm in permissions_of(user_obj.role)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return user_obj.is_active and any(perm.startswith(f"{app_label}.") for perm in permissions_of(user_obj.role))
