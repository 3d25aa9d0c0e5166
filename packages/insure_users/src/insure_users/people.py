"""The port PEOPLE of insure_common over our users."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

from insure_common.people import Person
from insure_users.enums import UserStatus
from insure_users.identity import canonical_email, canonical_id_number
from insure_users.models import User
from insure_users.selectors.users import all_users


class UserPeople:
    """Every user's e-mail is verified: there is no user before its code was right."""

    def get(self, user_id: Any) -> Person | None:
        """The person behind a user id, whatever their status."""
        try:
            user = all_users().filter(pk=user_id).first()
        except ValidationError:
            return None
        return _person(user) if user else None

    def get_many(self, user_ids: Iterable[Any]) -> dict[Any, Person]:
        return {user.pk: _person(user) for user in all_users().filter(pk__in=list(user_ids))}

    def find_verified(self, *, id_type: str, id_number: str, email: str) -> Person | None:
        """The active user whose document and e-mail both agree, in whatever form they are written."""
        try:
            number = canonical_id_number(id_type=id_type, text=id_number)
            address = canonical_email(email)
        except ValidationError:
            return None
        found = all_users().filter(email_primary=address, id_type=id_type, id_number=number, status=UserStatus.ACTIVE)
        user = found.first()
        return _person(user) if user else None


def _person(user: User) -> Person:
    return Person(
        user_id=user.pk,
        full_name=user.full_name,
        id_type=user.id_type,
        id_number=user.id_number,
        email=user.email_primary,
        phone=user.phone,
    )


people = UserPeople()
