"""Password, then code, then session."""

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db.transaction import atomic

from insure_audit.public import record
from insure_users import actions
from insure_users.enums import Purpose
from insure_users.errors import InvalidCredentials, OtpInvalid
from insure_users.limits import clear, failed_logins, failed_logins_of_account, give_back, take, take_mail
from insure_users.models import Challenge, Session, User
from insure_users.password_rules import is_password_of
from insure_users.selectors.users import user_by_email
from insure_users.services.challenges import check_code, lock_user_of, open_challenge, use_challenge
from insure_users.services.register import create_registered_user
from insure_users.services.sessions import start_back_office_session, start_session

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`session` is None if the account has to wait for an operator."""

    user: User
    session: Session | None


def log_in(*, email: str, password: str, device_name: str = "", staff_only: bool = False) -> Challenge:
    """Check the password and ask for a code.

    A wrong password, an unknown e-mail, an account that is not active and, with `staff_only`, one without any right get
    the same answer after the same work. Raises InvalidCredentials, TooManyRequests.
    """
    attempt = failed_logins(email)
    take(*attempt)
    user = user_by_email(email)
    is_right = is_password_of(user, password)
    if user is None or not is_right or not user.is_active or (staff_only and not user.is_staff):
        with atomic():
            target = user.pk if user else "unknown"
            record(actions.SIGN_IN_FAILED, target_type=actions.USER, target_id=target)
        logger.info("sign-in failed", extra={"user": str(target)})
        raise InvalidCredentials
    give_back(*attempt)
    take_mail(purpose=Purpose.LOGIN, destination=user.email_primary)
    return open_challenge(
        purpose=Purpose.LOGIN, destination=user.email_primary, user=user, data={"device_name": device_name}
    )


def verify_code(*, challenge_id: UUID, code: str) -> SignedIn:
    """Finish a registration or a sign-in. Raises OtpInvalid, OtpExpired, OtpExhausted."""
    challenge = check_code(challenge_id=challenge_id, code=code, purposes=(Purpose.REGISTER, Purpose.LOGIN))
    if challenge.purpose == Purpose.REGISTER:
        with atomic():
            use_challenge(challenge)
            user = create_registered_user(challenge)
            return SignedIn(user, start_session(user=user) if user.is_active else None)
    signed_in = _finish_sign_in(challenge)
    clear(failed_logins_of_account(signed_in.user.email_primary))
    return signed_in


def verify_back_office_code(*, challenge_id: UUID, code: str) -> Session:
    """Finish a sign-in to the back office, whose session is short. Raises OtpInvalid, OtpExpired, OtpExhausted."""
    challenge = check_code(challenge_id=challenge_id, code=code, purposes=(Purpose.LOGIN,))
    with atomic():
        user = lock_user_of(challenge)
        if not user.is_staff:
            raise OtpInvalid
        use_challenge(challenge)
        session = start_back_office_session(user=user, device_name=challenge.data["device_name"])
    clear(failed_logins_of_account(user.email_primary))
    return session


def _finish_sign_in(challenge: Challenge) -> SignedIn:
    with atomic():
        user = lock_user_of(challenge)
        use_challenge(challenge)
        return SignedIn(user, start_session(user=user, device_name=challenge.data["device_name"]))
