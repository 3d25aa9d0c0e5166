"""What operators do to other people's accounts. Each needs a reason, holds on the next request and is audited."""

from typing import Any
from uuid import UUID

from django.db.transaction import atomic

from insure_audit.public import record
from insure_common.database import advisory_lock
from insure_common.exceptions import ValidationError
from insure_users import actions
from insure_users.enums import USER_TRANSITIONS, Role, SessionEnd, UserStatus
from insure_users.errors import (
    DocumentTaken,
    LastAdministrator,
    NobodyChangesOwnRole,
    NotFound,
    PermissionDenied,
    StatusNotAllowed,
)
from insure_users.models import User
from insure_users.roles import role_permissions
from insure_users.selectors.users import all_users, holds_document, locked_user
from insure_users.services.challenges import close_challenges_of
from insure_users.services.register import announce_if_active
from insure_users.services.sessions import end_sessions_of


def suspend_user(*, actor: User, user_id: UUID, reason: str) -> User:
    """Stop a user at once: no access, no refresh, no code in flight.

    Raises PermissionDenied, NotFound, NobodyChangesOwnRole, StatusNotAllowed, LastAdministrator.
    """
    with atomic():
        user = _locked_target(actor=actor, user_id=user_id, permission="insure_users.suspend_user")
        _check_transition(user, UserStatus.SUSPENDED)
        _check_not_last_administrator(user)
        user.status = UserStatus.SUSPENDED
        user.save(update_fields=["status"])
        end_sessions_of(user, reason=SessionEnd.STATUS)
        close_challenges_of(user)
        _record(actions.USER_SUSPENDED, actor, user, reason=reason)
        return user


def reactivate_user(*, actor: User, user_id: UUID, reason: str) -> User:
    """Let a suspended user in again, or one who waited for an operator.

    Raises PermissionDenied, NotFound, NobodyChangesOwnRole, StatusNotAllowed; DocumentTaken while another account holds
    the same document.
    """
    with atomic():
        user = _locked_target(actor=actor, user_id=user_id, permission="insure_users.suspend_user")
        _check_transition(user, UserStatus.ACTIVE)
        if user.status == UserStatus.PENDING and holds_document(id_type=user.id_type, id_number=user.id_number):
            raise DocumentTaken
        user.status = UserStatus.ACTIVE
        user.save(update_fields=["status"])
        _record(actions.USER_REACTIVATED, actor, user, reason=reason)
        announce_if_active(user)
        return user


def change_role(*, actor: User, user_id: UUID, role: str, reason: str) -> User:
    """Give a user another role and end their sessions; the same role changes nothing.

    Raises ValidationError for a role that is not in the table, PermissionDenied, NotFound, NobodyChangesOwnRole,
    LastAdministrator.
    """
    if role not in role_permissions():
        raise ValidationError({"role": [f"{role!r} is not a role"]})
    with atomic():
        user = _locked_target(actor=actor, user_id=user_id, permission="insure_users.change_role")
        if user.role == role:
            return user
        _check_not_last_administrator(user)
        before, user.role = user.role, role
        user.save(update_fields=["role"])
        end_sessions_of(user, reason=SessionEnd.ROLE)
        close_challenges_of(user)
        _record(actions.ROLE_CHANGED, actor, user, reason=reason, before=before, after=role)
        return user


def _locked_target(*, actor: User, user_id: UUID, permission: str) -> User:
    """The user under lock, with the actor's right as it is now: one who was demoted a moment ago has none.

    One lock for all such changes keeps two administrators from demoting each other at once.
    """
    advisory_lock("insure_users.manage_users")
    if actor.pk == user_id:
        raise NobodyChangesOwnRole
    present_actor = all_users().filter(pk=actor.pk).first()
    if present_actor is None or not present_actor.has_perm(permission):
        raise PermissionDenied
    user = locked_user(user_id)
    if user is None:
        raise NotFound
    return user


def _check_transition(user: User, status: UserStatus) -> None:
    if status not in USER_TRANSITIONS[user.status]:
        raise StatusNotAllowed


def _check_not_last_administrator(user: User) -> None:
    if user.role != Role.ADMIN or not user.is_active:
        return
    if not all_users().filter(role=Role.ADMIN, status=UserStatus.ACTIVE).exclude(pk=user.pk).exists():
        raise LastAdministrator


def _record(action: str, actor: User, user: User, **metadata: Any) -> None:
    record(action, actor=actor, target_type=actions.USER, target_id=user.pk, metadata=metadata)
