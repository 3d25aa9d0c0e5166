"""The port PEOPLE: a person's name, document, mail and phone by user id, whoever owns the user model."""

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

    def find_verified(self, *, id_type: str, id_number: str, email: str) -> Person | None:
        """The active user whose document and verified e-mail both agree with the given ones, or None."""


class UserModelPeople:
    """Default implementation: what any Django user model offers. It knows no documents, so it finds nobody by one."""

    def get(self, user_id: Any) -> Person | None:
        model = get_user_model()
        user = model._default_manager.filter(pk=user_id).first()
        if user is None:
            return None
        full_name = user.get_full_name() if hasattr(user, "get_full_name") else str(user)
        email = getattr(user, model.get_email_field_name(), "")
        return Person(user_id=user.pk, full_name=full_name, id_type="", id_number="", email=email, phone="")

    def find_verified(self, *, id_type: str, id_number: str, email: str) -> Person | None:
        return None


def people() -> People:
    """The implementation that the project names in INSURE_COMMON["PEOPLE"]."""
    port = import_dotted(CommonSettings.load().PEOPLE)
    implementation: People = port() if isinstance(port, type) else port
    return implementation
