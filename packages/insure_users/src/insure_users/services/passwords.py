"""A new password: by the present one, or by an e-mail code."""

from uuid import UUID

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from insure_audit.public import record
from insure_common.exceptions import ValidationError
from insure_users import actions
from insure_users.enums import Purpose, SessionEnd
from insure_users.limits import clear, failed_logins_of_account, give_back, take, take_mail
from insure_users.models import Challenge, User
from insure_users.password_rules import check_password_rules, is_password_of
from insure_users.selectors.users import active_user_locked, user_by_email
from insure_users.services.challenges import (
    check_code,
    close_challenges_of,
    lock_user_of,
    open_challenge,
    use_challenge,
)
from insure_users.services.notices import Notice, notify_user
from insure_users.services.sessions import end_sessions_of


def change_password(*, user: User, session_id: UUID, current_password: str, new_password: str) -> None:
    """Set a new password and end the other sessions.

    Raises ValidationError for `current_password` if it is wrong, for `new_password` if it breaks the rules;
    TooManyRequests after too many wrong ones.
    """
    attempt = failed_logins_of_account(user.email_primary)
    take(attempt)
    if not is_password_of(user, current_password):
        raise ValidationError({"current_password": [_("This is not your password.")]})
    give_back(attempt)
    check_password_rules(new_password, about=user, field="new_password")
    with atomic():
        current = active_user_locked(user.pk)
        if current is None or current.password != user.password:
            raise ValidationError({"current_password": [_("This is not your password.")]})
        _set_password(current, new_password, but=session_id)
        record(actions.PASSWORD_CHANGED, actor=current, target_type=actions.USER, target_id=current.pk)


def ask_for_password_reset(*, email: str) -> Challenge:
    """Ask for a code for a new password; whoever asks gets the same answer. Raises TooManyRequests."""
    take_mail(purpose=Purpose.PASSWORD_RESET, destination=email)
    user = user_by_email(email)
    is_known = user is not None and user.is_active
    return open_challenge(
        purpose=Purpose.PASSWORD_RESET, destination=email, user=user if is_known else None, is_decoy=not is_known
    )


def reset_password(*, challenge_id: UUID, code: str, new_password: str) -> None:
    """Set a new password by code, and end all sessions and every other open code of the user.

    Raises OtpInvalid, OtpExpired, OtpExhausted; ValidationError if the password breaks the rules, before the code is
    spent: the same code can then be sent with a better one.
    """
    check_password_rules(new_password, about=None, field="new_password")
    challenge = check_code(challenge_id=challenge_id, code=code, purposes=(Purpose.PASSWORD_RESET,))
    with atomic():
        user = lock_user_of(challenge)
        check_password_rules(new_password, about=user, field="new_password")
        use_challenge(challenge)
        _set_password(user, new_password, but=None)
        record(actions.PASSWORD_RESET, actor=user, target_type=actions.USER, target_id=user.pk)
    clear(failed_logins_of_account(user.email_primary))


def _set_password(user: User, new_password: str, *, but: UUID | None) -> None:
    user.set_password(new_password)
    user.save(update_fields=["password"])
    end_sessions_of(user, reason=SessionEnd.PASSWORD, but=but)
    close_challenges_of(user)
    notify_user(user, Notice.PASSWORD_CHANGED)
