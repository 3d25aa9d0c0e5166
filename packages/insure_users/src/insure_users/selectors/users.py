"""Reads of users."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from insure_common.masking import masked_document, masked_email, masked_entirely, masked_name, masked_phone
from insure_users.enums import Role, UserStatus
from insure_users.models import User


def all_users() -> QuerySet[User]:
    """Every user, whatever model the project names in AUTH_USER_MODEL."""
    users: QuerySet[User] = get_user_model()._default_manager.all()
    return users


def users_visible_to(viewer: User, *, status: str = "", role: str = "", search: str = "") -> QuerySet[User]:
    """Every user for whoever may view them, nobody otherwise.

    `search` finds a part of the name, a whole e-mail or a whole document number, and nothing for those who see personal
    data masked: they could guess it letter by letter.
    """
    if not viewer.has_perm("insure_users.view_any_user"):
        return all_users().none()
    found = all_users()
    if status:
        found = found.filter(status=status)
    if role:
        found = found.filter(role=role)
    if search:
        if not viewer.has_perm("insure_users.view_personal_data"):
            return found.none()
        whole = Q(email_primary=search.lower()) | Q(id_number=search.upper())
        found = found.filter(whole | Q(full_name__icontains=search))
    return found


def masks_of(user: User) -> dict[str, Any]:
    """What stands for a user's personal data before those who may not see it."""
    return {
        "full_name": masked_name(user.full_name),
        "id_number": masked_document(user.id_number),
        "email_primary": masked_email(user.email_primary),
        "email_secondary": masked_email(user.email_secondary),
        "phone": masked_phone(user.phone),
        "address": masked_entirely(user.address),
        "birth_date": None,
        "profile_photo_url": "",
    }


SEEN_FIELDS = (
    *("id", "full_name", "id_type", "id_number", "email_primary", "email_secondary", "phone", "address"),
    *("birth_date", "profile_photo_url", "status", "role", "created_at"),
)


def seen_by(viewer: User, user: User) -> dict[str, Any]:
    """A user's fields as the viewer may see them."""
    fields = {name: getattr(user, name) for name in SEEN_FIELDS}
    return fields if viewer.has_perm("insure_users.view_personal_data") else fields | masks_of(user)


def has_administrator() -> bool:
    """Whether somebody could already act as an administrator."""
    return all_users().filter(role=Role.ADMIN, status=UserStatus.ACTIVE).exists()


def user_by_email(email: str) -> User | None:
    """The user with this canonical e-mail, whatever their status."""
    return all_users().filter(email_primary=email).first()


def locked_user(user_id: Any) -> User | None:
    """The user as they are now, held until the transaction ends; whoever changes an account or signs it in takes it."""
    return all_users().select_for_update(no_key=True).filter(pk=user_id).first()


def active_user_locked(user_id: Any) -> User | None:
    """Like `locked_user`, but None unless they are active."""
    user = locked_user(user_id)
    return user if user is not None and user.is_active else None


def holds_document(*, id_type: str, id_number: str) -> bool:
    """Whether an account that is not waiting for an operator has this document."""
    return all_users().filter(~Q(status=UserStatus.PENDING), id_type=id_type, id_number=id_number).exists()
