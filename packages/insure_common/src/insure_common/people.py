"""The port PEOPLE: a person's name, document, mail and phone by user id, whoever owns the user model."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib.auth import get_user_model

from insure_common.conf import CommonSettings, import_dotted


@dataclass(frozen=True, slots=True)
class Person:
    user_id: Any
    full_name: str
    id_type: str
    id_number: str
    email: str
    phone: str


class People(Protocol):
    def get(self, user_id: Any) -> Person | None:
        """The person behind a user id, or None."""

    def get_many(self, user_ids: Iterable[Any]) -> dict[Any, Person]:
        """The people behind user ids, by id, in one query; whom nobody knows is left out."""

    def find_verified(self, *, id_type: str, id_number: str, email: str) -> Person | None:
        """The active user whose document and verified e-mail both agree with the given ones, or None."""


class UserModelPeople:
    """Default implementation: what any Django user model offers. It knows no documents, so it finds nobody by one."""

    def get(self, user_id: Any) -> Person | None:
        user = get_user_model()._default_manager.filter(pk=user_id).first()
        return self._person(user) if user else None

    def get_many(self, user_ids: Iterable[Any]) -> dict[Any, Person]:
        users = get_user_model()._default_manager.filter(pk__in=list(user_ids))
        return {user.pk: self._person(user) for user in users}

    def _person(self, user: Any) -> Person:
        full_name = user.get_full_name() if hasattr(user, "get_full_name") else str(user)
        email = getattr(user, type(user).get_email_field_name(), "")
        return Person(user_id=user.pk, full_name=full_name, id_type="", id_number="", email=email, phone="")

    def find_verified(self, *, id_type: str, id_number: str, email: str) -> Person | None:
        return None


def people() -> People:
    """The implementation that the project names in INSURE_COMMON["PEOPLE"]."""
    port = import_dotted(CommonSettings.load().PEOPLE)
    implementation: People = port() if isinstance(port, type) else port
    return implementation
