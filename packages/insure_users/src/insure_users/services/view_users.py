"""Reading other people's data is itself audited."""

from collections.abc import Sequence
from uuid import UUID

from django.db.transaction import atomic

from insure_audit.public import record
from insure_users import actions
from insure_users.errors import NotFound
from insure_users.models import User
from insure_users.selectors.users import users_visible_to


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
