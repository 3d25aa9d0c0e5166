"""Another e-mail address: the password, then a code sent to the new address; the old one is told."""

from uuid import UUID

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from insure_audit.public import record
from insure_common.exceptions import ValidationError
from insure_users import actions
from insure_users.enums import Purpose, SessionEnd
from insure_users.errors import OtpInvalid
from insure_users.limits import failed_logins_of_account, give_back, take, take_mail
from insure_users.models import Challenge, User
from insure_users.password_rules import is_password_of
from insure_users.selectors.users import user_by_email
from insure_users.services.challenges import (
    check_code,
    close_challenges_of,
    lock_user_of,
    open_challenge,
    use_challenge,
)
from insure_users.services.notices import Notice, notify_user
from insure_users.services.register import announce_if_active
from insure_users.services.sessions import end_sessions_of


def ask_for_email_change(*, user: User, email: str, password: str) -> Challenge:
    """Ask for a code to the new address. Somebody else's address gets an information mail and can never succeed.

    Raises ValidationError for `password` if it is wrong, TooManyRequests.
    """
    attempt = failed_logins_of_account(user.email_primary)
    take(attempt)
    if not is_password_of(user, password):
        raise ValidationError({"password": [_("This is not your password.")]})
    give_back(attempt)
    take_mail(purpose=Purpose.EMAIL_CHANGE, destination=email)
    challenge = open_challenge(
        purpose=Purpose.EMAIL_CHANGE, destination=email, user=user, is_decoy=user_by_email(email) is not None
    )
    with atomic():
        record(actions.EMAIL_CHANGE_ASKED, actor=user, target_type=actions.USER, target_id=user.pk)
        notify_user(user, Notice.EMAIL_CHANGE_ASKED)
    return challenge


def confirm_email_change(*, user: User, session_id: UUID, challenge_id: UUID, code: str) -> User:
    """Put the new address in place, and end the other sessions and every other open code.

    Raises OtpInvalid, also for another user's challenge, OtpExpired, OtpExhausted.
    """
    challenge = check_code(challenge_id=challenge_id, code=code, purposes=(Purpose.EMAIL_CHANGE,), user_id=user.pk)
    with atomic():
        current = lock_user_of(challenge)
        use_challenge(challenge)
        old, current.email_primary = current.email_primary, challenge.destination
        try:
            with atomic():
                current.save(update_fields=["email_primary"])
        except IntegrityError as error:
            raise OtpInvalid from error
        end_sessions_of(current, reason=SessionEnd.EMAIL, but=session_id)
        close_challenges_of(current)
        record(actions.EMAIL_CHANGED, actor=current, target_type=actions.USER, target_id=current.pk)
        notify_user(current, Notice.EMAIL_CHANGED, to=old)
        announce_if_active(current)
    return current
