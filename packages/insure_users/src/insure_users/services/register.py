"""Registration: nothing but a challenge is stored until its code is right."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.db.transaction import atomic

from insure_audit.public import record
from insure_common.correlation import client_address
from insure_common.outbox import emit
from insure_users import actions
from insure_users.conf import UsersSettings
from insure_users.enums import ConsentKind, Purpose, Role, UserStatus
from insure_users.errors import OtpInvalid, TermsOutdated
from insure_users.limits import take_mail
from insure_users.models import Challenge, Consent, User
from insure_users.password_rules import check_password_rules
from insure_users.selectors.users import user_by_email
from insure_users.services.challenges import open_challenge

USER_ACTIVATED = "user_activated"


def register(*, person: Mapping[str, Any], password: str, terms_version: str) -> Challenge:
    """Ask for a code to the address of somebody who wants an account.

    `person` holds the user's fields in canonical form. The answer and the work do not tell whether the e-mail or the
    document is known; a known e-mail makes the challenge a decoy.
    Raises TermsOutdated, ValidationError, TooManyRequests.
    """
    if terms_version != UsersSettings.load().TERMS_VERSION:
        raise TermsOutdated
    check_password_rules(password, about=person, field="password")
    email = person["email_primary"]
    take_mail(purpose=Purpose.REGISTER, destination=email)
    return open_challenge(
        purpose=Purpose.REGISTER,
        destination=email,
        is_decoy=user_by_email(email) is not None,
        data={**person, "birth_date": person["birth_date"].isoformat(), "terms_version": terms_version},
        password_hash=make_password(password),
    )


def create_registered_user(challenge: Challenge) -> User:
    """Make the user of a registration whose code was right, in the caller's transaction.

    Somebody else's document makes the user PENDING until an operator has decided. Raises OtpInvalid if the e-mail has
    become known meanwhile.
    """
    person = dict(challenge.data)
    terms_version = person.pop("terms_version")
    person["birth_date"] = date.fromisoformat(person["birth_date"])
    user = _create_user(person, password_hash=challenge.password_hash)
    record(
        actions.USER_REGISTERED,
        actor=user,
        target_type=actions.USER,
        target_id=user.pk,
        metadata={"status": user.status},
    )
    give_consents(user, version=terms_version)
    announce_if_active(user)
    return user


def _create_user(person: Mapping[str, Any], *, password_hash: str) -> User:
    for status in (UserStatus.ACTIVE, UserStatus.PENDING):
        user = get_user_model()(**person, password=password_hash, role=Role.CLIENT, status=status)
        try:
            with atomic():
                user.save(force_insert=True)
        except IntegrityError:
            # ACTIVE fails for a known document or e-mail, PENDING for a known e-mail only.
            continue
        return user
    raise OtpInvalid


def give_consents(user: User, *, version: str) -> None:
    """Store that the user accepted the terms and the privacy policy in this version."""
    url, address = UsersSettings.load().TERMS_URL, client_address()
    Consent.objects.bulk_create(
        Consent(user=user, kind=kind, version=version, url=url, client_address=address) for kind in ConsentKind
    )
    record(
        actions.CONSENT_GIVEN,
        actor=user,
        target_type=actions.USER,
        target_id=user.pk,
        metadata={"kinds": list(ConsentKind), "version": version},
    )


def announce_if_active(user: User) -> None:
    """Let other packages hear of a user who is active with a verified e-mail (event `user_activated`)."""
    if user.is_active:
        emit(USER_ACTIVATED, payload={"user_id": user.pk})
