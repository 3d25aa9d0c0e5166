"""What operators do to other people's accounts. Each needs a reason, holds on the next request and is audited."""

from uuid import UUID

from django.db.transaction import atomic

from insure_common.exceptions import ValidationError
from insure_users import actions
from insure_users.enums import USER_TRANSITIONS, Role, SessionEnd, UserStatus
from insure_users.errors import (
    DocumentTaken,
    LastAdministrator,
    StatusNotAllowed,
)
from insure_users.models import User
from insure_users.roles import role_permissions
from insure_users.selectors.users import all_users, holds_document
from insure_users.services.challenges import close_challenges_of
from insure_users.services.operator_rights import locked_target, record_operation
from insure_users.services.register import announce_if_active
from insure_users.services.sessions import end_sessions_of


def suspend_user(*, actor: User, user_id: UUID, reason: str) -> User:
    """Stop a user at once: no access, no refresh, no code in flight.

    Raises ValidationError without a reason, PermissionDenied, NotFound, NobodyChangesOwnRole, StatusNotAllowed,
    LastAdministrator.
    """
    with atomic():
        user = locked_target(actor=actor, user_id=user_id, permission="insure_users.suspend_user", reason=reason)
        _check_transition(user, UserStatus.SUSPENDED)
        check_not_last_administrator(user)
        user.status = UserStatus.SUSPENDED
        user.save(update_fields=["status"])
        end_sessions_of(user, reason=SessionEnd.STATUS)
        close_challenges_of(user)
        record_operation(actions.USER_SUSPENDED, actor, user, reason=reason)
        return user


def reactivate_user(*, actor: User, user_id: UUID, reason: str) -> User:
    """Let a suspended user in again, or one who waited for an operator.

    Raises ValidationError without a reason, PermissionDenied, NotFound, NobodyChangesOwnRole, StatusNotAllowed;
    DocumentTaken while another account holds the same document.
    """
    with atomic():
        user = locked_target(actor=actor, user_id=user_id, permission="insure_users.suspend_user", reason=reason)
        _check_transition(user, UserStatus.ACTIVE)
        if user.status == UserStatus.PENDING and holds_document(id_type=user.id_type, id_number=user.id_number):
            raise DocumentTaken
        user.status = UserStatus.ACTIVE
        user.save(update_fields=["status"])
        record_operation(actions.USER_REACTIVATED, actor, user, reason=reason)
        announce_if_active(user)
        return user


def change_role(*, actor: User, user_id: UUID, role: str, reason: str) -> User:
    """Give a user another role and end their sessions; the same role changes nothing.

    Raises ValidationError without a reason or for a role that is not in the table, PermissionDenied, NotFound,
    NobodyChangesOwnRole, LastAdministrator.
    """
    if role not in role_permissions():
        raise ValidationError({"role": [f"{role!r} is not a role"]})
    with atomic():
        user = locked_target(actor=actor, user_id=user_id, permission="insure_users.change_role", reason=reason)
        if user.role == role:
            return user
        check_not_last_administrator(user)
        before, user.role = user.role, role
        user.save(update_fields=["role"])
        end_sessions_of(user, reason=SessionEnd.ROLE)
        close_challenges_of(user)
        record_operation(actions.ROLE_CHANGED, actor, user, reason=reason, before=before, after=role)
        return user


def end_sessions(*, actor: User, user_id: UUID, reason: str) -> int:
    """Sign a user out everywhere at once; they may sign in again. Returns how many sessions ended.

    Raises ValidationError without a reason, PermissionDenied, NotFound, NobodyChangesOwnRole.
    """
    with atomic():
        user = locked_target(actor=actor, user_id=user_id, permission="insure_users.end_sessions", reason=reason)
        ended = end_sessions_of(user, reason=SessionEnd.OPERATOR)
        close_challenges_of(user)
        record_operation(actions.SESSIONS_ENDED, actor, user, reason=reason, sessions=ended)
        return ended


def _check_transition(user: User, status: UserStatus) -> None:
    if status not in USER_TRANSITIONS[user.status]:
        raise StatusNotAllowed


def check_not_last_administrator(user: User) -> None:
    """Under the lock of `locked_target`. Raises LastAdministrator."""
    if user.role != Role.ADMIN or not user.is_active:
        return
    if not all_users().filter(role=Role.ADMIN, status=UserStatus.ACTIVE).exclude(pk=user.pk).exists():
        raise LastAdministrator
