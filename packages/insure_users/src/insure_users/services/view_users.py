"""Reading other people's data is itself audited."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.transaction import atomic

from insure_audit.public import record
from insure_users import actions
from insure_users.errors import NotFound, PermissionDenied
from insure_users.models import User
from insure_users.selectors.users import seen_by, users_visible_to


def view_user(*, viewer: User, user_id: UUID) -> User:
    """One user, for somebody who may see them. Raises NotFound."""
    user = users_visible_to(viewer).filter(pk=user_id).first()
    if user is None:
        raise NotFound
    with atomic():
        record(actions.USER_VIEWED, actor=viewer, target_type=actions.USER, target_id=user.pk)
    return user


def view_users(*, viewer: User, user_ids: Sequence[str]) -> None:
    """Record that the viewer saw a page of users."""
    with atomic():
        record(
            actions.USERS_LISTED,
            actor=viewer,
            target_type=actions.USER,
            target_id="list",
            metadata={"users": list(user_ids)},
        )


def list_users(*, viewer: User, status: str = "", role: str = "", search: str = "", limit: int) -> list[dict[str, Any]]:
    """The latest users as the viewer may see them, at most `limit`. Raises PermissionDenied."""
    if not viewer.has_perm("insure_users.view_any_user"):
        raise PermissionDenied
    found = list(users_visible_to(viewer, status=status, role=role, search=search).order_by("-pk")[:limit])
    view_users(viewer=viewer, user_ids=[str(user.pk) for user in found])
    return [seen_by(viewer, user) for user in found]


def show_user(*, viewer: User, user_id: UUID) -> dict[str, Any]:
    """One user as the viewer may see them. Raises PermissionDenied, NotFound."""
    if not viewer.has_perm("insure_users.view_any_user"):
        raise PermissionDenied
    return seen_by(viewer, view_user(viewer=viewer, user_id=user_id))
