"""Serializer fields for what identifies a person."""

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from insure_common import clock
from insure_common.api.serializers import TextField
from insure_common.cards import holds_card_number
from insure_users.identity import LONGEST_EMAIL, OLDEST_BIRTH_DATE, canonical_email, canonical_phone
from insure_users.password_rules import LONGEST_PASSWORD


class _CanonicalField(TextField):
    """Text that is stored in one canonical form only."""

    def canonical(self, text: str) -> str:
        raise NotImplementedError

    def run_validation(self, data: Any = serializers.empty) -> Any:
        value = super().run_validation(data)
        if not value:
            return value
        try:
            return self.canonical(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages, code=error.code or "invalid") from error


class EmailField(_CanonicalField):
    """One address, in canonical form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_EMAIL, **kwargs)

    def canonical(self, text: str) -> str:
        return canonical_email(text)


class PhoneField(_CanonicalField):
    """A phone number, in E.164."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)

    def canonical(self, text: str) -> str:
        return canonical_phone(text)


class PasswordField(serializers.CharField):
    """The exact characters: nothing is trimmed or cut. A card number is nobody's password."""

    default_error_messages = {
        "not_text": _("Must be a string."),
        "card_number": _("Card numbers are not accepted here."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, max_length=LONGEST_PASSWORD, write_only=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        if holds_card_number(data):
            self.fail("card_number")
        return super().to_internal_value(data)


class CodeField(TextField):
    """The six digits of an e-mail code, as a string."""

    default_error_messages = {"invalid": _("The code has six digits.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(write_only=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data)
        if not re.fullmatch(r"[0-9]{6}", code):
            self.fail("invalid")
        return code


class AcceptedField(serializers.BooleanField):
    """Exactly JSON true."""

    default_error_messages = {"not_accepted": _("This must be accepted.")}

    def to_internal_value(self, data: Any) -> bool:
        if data is not True:
            self.fail("not_accepted")
        return True


class BirthDateField(serializers.DateField):
    """A day that has been, not before 1900."""

    default_error_messages = {"implausible": _("Enter a date of birth in the past.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if not OLDEST_BIRTH_DATE <= day <= clock.today():
            self.fail("implausible")
        return day


class PhotoUrlField(TextField):
    """A link that clients load and this server never does: https, a host name, no user information."""

    default_error_messages = {"invalid": _("Enter an https link.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=500, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        value = super().run_validation(data)
        if value:
            try:
                URLValidator(schemes=["https"])(value)
                has_user = "@" in urlsplit(value).netloc
            except (DjangoValidationError, ValueError):
                self.fail("invalid")
            if has_user:
                self.fail("invalid")
        return value
