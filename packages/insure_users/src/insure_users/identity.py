"""The one canonical form of e-mail, document and phone number, and what is refused on the way there."""

import re
import unicodedata
from datetime import date

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from stdnum.co import nit

from insure_users.enums import IdType

LONGEST_EMAIL = 254
ERASED_DOMAIN = "erased.invalid"
"""Where the addresses of pseudonymised accounts seem to be; no mail ever gets there (RFC 2606)."""
OLDEST_BIRTH_DATE = date(1900, 1, 1)
EMAIL_PATTERN = r"^[!#-@\[-~]+$"
"""Printable ASCII without blanks, capitals and quotes: unchanged by trimming, NFKC and lower case."""
ID_NUMBER_PATTERN = r"^[A-Z0-9_]{3,16}$"

# Practical patterns: sources differ on lengths, so they are loose.
_LOOSE = ID_NUMBER_PATTERN
_PATTERNS: dict[str, str] = {
    IdType.CC: r"^[1-9]\d{3,9}$",
    IdType.CE: r"^([A-Z]{1,5})?[1-9]\d{3,7}$",
    IdType.TI: r"^[1-9]\d{4,11}$",
    IdType.RC: r"^\d{8,11}$",
    IdType.NIT: r"^[1-9]\d{6,9}$",
    IdType.PP: r"^[A-Z0-9_]{4,16}$",
    IdType.TE: _LOOSE,
    IdType.DE: _LOOSE,
    IdType.PEP: r"^\d{4,15}$",
    IdType.PPT: r"^[A-Z0-9]{4,15}$",
    IdType.NUIP: r"^\d{6,11}$",
}
_NIT_WITH_CHECK_DIGIT = re.compile(r"([\d. ]+)-\s*(\d)", re.ASCII)


def canonical_email(text: str) -> str:
    """Trimmed, NFKC, lower case. Raises ValidationError unless it is one plain ASCII address of at most 254 characters.

    Addresses in other alphabets are refused: two that look the same must not be two accounts.
    """
    email = unicodedata.normalize("NFKC", text).strip().lower()
    if len(email) > LONGEST_EMAIL or not re.fullmatch(EMAIL_PATTERN, email):
        raise ValidationError(_("Enter a valid e-mail address."), code="invalid")
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationError(_("Enter a valid e-mail address."), code="invalid") from error
    return email


def canonical_id_number(*, id_type: str, text: str) -> str:
    """Upper case, without dots, blanks and hyphens. Raises ValidationError if it does not fit the kind of document.

    A NIT is kept without its check digit; one written behind a hyphen is checked and dropped.
    """
    number = unicodedata.normalize("NFKC", text).strip().upper()
    if id_type == IdType.NIT and (parts := _NIT_WITH_CHECK_DIGIT.fullmatch(number)):
        number = re.sub(r"[. ]", "", parts[1])
        if nit.calc_check_digit(number) != parts[2]:
            raise ValidationError(_("The check digit does not fit this NIT."), code="check_digit")
    number = re.sub(r"[.\s-]", "", number)
    if id_type not in _PATTERNS or not re.fullmatch(_PATTERNS[id_type], number, re.ASCII):
        raise ValidationError(_("This number does not fit the kind of document."), code="invalid")
    return number


def canonical_phone(text: str) -> str:
    """E.164; numbers without a country are Colombian. Raises ValidationError if no such number can exist."""
    try:
        number = phonenumbers.parse(text, "CO")
    except phonenumbers.NumberParseException as error:
        raise ValidationError(_("Enter a valid phone number."), code="invalid") from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise ValidationError(_("Enter a valid phone number."), code="invalid")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
