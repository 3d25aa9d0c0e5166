"""Rules for passwords, and a check that costs the same for everybody."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
    validate_password,
)
from django.core.exceptions import ValidationError as DjangoValidationError

from insure_common.exceptions import ValidationError
from insure_users.conf import UsersSettings
from insure_users.models import User

LONGEST_PASSWORD = 128
CONTEXT_FIELDS = ("full_name", "email_primary", "phone", "id_number")


def check_password_rules(password: str, *, about: User | Mapping[str, Any] | None, field: str) -> None:
    """Long enough, not among the common ones, not like the person's own data; nothing about its composition.

    `about` is the user, the data that a user will be made of, or None while nobody is known.
    Raises ValidationError for `field`.
    """
    person = get_user_model()(**{name: about[name] for name in CONTEXT_FIELDS}) if isinstance(about, Mapping) else about
    validators: list[Any] = [
        MinimumLengthValidator(UsersSettings.load().PASSWORD_MIN_LENGTH),
        CommonPasswordValidator(),
        UserAttributeSimilarityValidator(CONTEXT_FIELDS),
    ]
    try:
        validate_password(password, person, validators)
    except DjangoValidationError as error:
        raise ValidationError({field: error.messages}) from error


def is_password_of(user: User | None, password: str) -> bool:
    """Whether it is the user's password; takes one hash, also without a user. Hashes anew if the costs have changed."""
    if user is None:
        make_password(password)
        return False
    return user.check_password(password)
