"""Users for tests."""

from datetime import date
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from insure_users.models import User

PASSWORD = "correcto caballo batería"

_numbers = count(1)


def person(**fields: Any) -> dict[str, Any]:
    """The fields of a person that nobody else is, in canonical form."""
    number = next(_numbers)
    return {
        "full_name": "Ana María Pérez",
        "id_type": "CC",
        "id_number": f"{10_000_000 + number}",
        "email_primary": f"ana.{number}@example.com",
        "phone": f"+57300{number:07}",
        "birth_date": date(1990, 5, 17),
        **fields,
    }


def make_user(*, password: str = PASSWORD, **fields: Any) -> User:
    """A stored user: an active client unless `fields` say otherwise."""
    user: User = get_user_model()._default_manager.create(password=make_password(password), **person(**fields))
    return user
