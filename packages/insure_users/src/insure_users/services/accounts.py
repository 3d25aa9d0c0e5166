"""Accounts made by an operator instead of a registration: the first administrator, the accounts of a local stack."""

from datetime import date
from typing import TypedDict, Unpack

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from django.db.transaction import atomic

from insure_audit.public import record
from insure_common.database import advisory_lock
from insure_common.exceptions import ValidationError
from insure_users import actions
from insure_users.enums import Role
from insure_users.errors import AdministratorExists, DocumentTaken, PermissionDenied
from insure_users.identity import canonical_email, canonical_id_number, canonical_phone
from insure_users.models import User
from insure_users.password_rules import check_password_rules
from insure_users.roles import role_permissions
from insure_users.selectors.users import all_users, has_administrator, user_by_email
from insure_users.services.register import announce_if_active


class Account(TypedDict):
    """What an operator knows of somebody, in whatever form it is written."""

    email: str
    password: str
    full_name: str
    id_type: str
    id_number: str
    phone: str
    birth_date: date


def create_account(*, role: str, **account: Unpack[Account]) -> User:
    """Make an active user whose e-mail the operator vouches for.

    Raises ValidationError by field, DocumentTaken if e-mail or document are known.
    """
    if role not in role_permissions():
        raise ValidationError({"role": [f"{role!r} is not a role"]})
    try:
        person = {
            "full_name": account["full_name"],
            "id_type": account["id_type"],
            "id_number": canonical_id_number(id_type=account["id_type"], text=account["id_number"]),
            "email_primary": canonical_email(account["email"]),
            "phone": canonical_phone(account["phone"]),
            "birth_date": account["birth_date"],
        }
    except DjangoValidationError as error:
        raise ValidationError(error.messages) from error
    check_password_rules(account["password"], about=person, field="password")
    user: User = get_user_model()(**person, role=role)
    user.set_password(account["password"])
    with atomic():
        try:
            with atomic():
                user.save(force_insert=True)
        except IntegrityError as error:
            raise DocumentTaken from error
        record(actions.USER_CREATED, target_type=actions.USER, target_id=user.pk, metadata={"role": role})
        announce_if_active(user)
    return user


def create_admin(*, actor: User | None = None, reason: str = "", **account: Unpack[Account]) -> User:
    """Make an ADMIN: the first one by whoever may run commands, each further one by an ADMIN who acts, with a reason.

    Raises what `create_account` raises, AdministratorExists, PermissionDenied.
    """
    with atomic():
        advisory_lock("insure_users.manage_users")
        if has_administrator():
            _check_may_make_admins(actor, reason=reason)
        user = create_account(role=Role.ADMIN, **account)
        if actor is not None:
            metadata = {"reason": reason, "before": "", "after": Role.ADMIN}
            record(actions.ROLE_CHANGED, actor=actor, target_type=actions.USER, target_id=user.pk, metadata=metadata)
        return user


def _check_may_make_admins(actor: User | None, *, reason: str) -> None:
    if actor is None or not reason.strip():
        raise AdministratorExists
    present_actor = all_users().filter(pk=actor.pk).first()
    if present_actor is None or not present_actor.has_perm("insure_users.change_role"):
        raise PermissionDenied


def ensure_account(*, role: str, **account: Unpack[Account]) -> User:
    """The account with this e-mail; made if there is none, left as it is otherwise.

    Raises what `create_account` raises.
    """
    return user_by_email(canonical_email(account["email"])) or create_account(role=role, **account)
