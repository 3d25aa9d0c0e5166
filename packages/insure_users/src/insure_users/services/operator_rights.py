"""What every operation on somebody else's account starts and ends with: the actor's present right, and a record."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from insure_audit.public import record
from insure_common.database import advisory_lock
from insure_common.exceptions import ValidationError
from insure_users import actions
from insure_users.errors import NobodyChangesOwnRole, NotFound, PermissionDenied
from insure_users.models import User
from insure_users.selectors.users import all_users, locked_user


def locked_target(*, actor: User, user_id: UUID, permission: str, reason: str, may_be_own: bool = False) -> User:
    """The user under lock, with the actor's right as it is now: one who was demoted a moment ago has none.

    One lock for all such operations keeps two administrators from demoting each other at once.
    Raises ValidationError without a reason, NobodyChangesOwnRole, PermissionDenied, NotFound.
    """
    if not reason.strip():
        raise ValidationError({"reason": [_("A reason is required.")]})
    advisory_lock("insure_users.manage_users")
    if actor.pk == user_id and not may_be_own:
        raise NobodyChangesOwnRole
    present_actor = all_users().filter(pk=actor.pk).first()
    if present_actor is None or not present_actor.has_perm(permission):
        raise PermissionDenied
    user = locked_user(user_id)
    if user is None:
        raise NotFound
    return user


def record_operation(action: str, actor: User, user: User, **metadata: Any) -> None:
    """One audit event in the caller's transaction; `metadata` names fields and never holds their values."""
    record(action, actor=actor, target_type=actions.USER, target_id=user.pk, metadata=metadata)
