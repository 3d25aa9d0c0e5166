"""Make a code, keep its hash, mail it: the worker's part of a challenge."""

import secrets
from datetime import timedelta
from uuid import UUID

from insure_common import clock
from insure_common.mail import send_mail
from insure_users.conf import UsersSettings
from insure_users.enums import Purpose
from insure_users.models import Challenge
from insure_users.services.challenges import OPEN, hash_code


def send_code(*, challenge_id: UUID, send: int) -> None:
    """Make and mail the code number `send` of a challenge, once however often this runs.

    A decoy gets a code that nobody knows; the owner of a known address is told what was tried. If the mail server
    refuses, the code is withdrawn and the exception passed on, so that the next run makes another one.
    """
    settings = UsersSettings.load()
    challenge = Challenge.objects.select_related("user").filter(OPEN, pk=challenge_id, code_send__lt=send).first()
    if challenge is None or challenge.is_older_than(timedelta(minutes=settings.CHALLENGE_MINUTES)):
        return
    is_answerable = _is_answerable(challenge)
    code = f"{secrets.randbelow(1_000_000):06}" if is_answerable else secrets.token_hex()
    code_hash = hash_code(challenge, code)
    unmade = Challenge.objects.filter(OPEN, pk=challenge.pk, code_send__lt=send)
    expires_at = clock.now() + timedelta(seconds=settings.CODE_SECONDS)
    if not unmade.update(code_send=send, code_hash=code_hash, expires_at=expires_at):
        return
    try:
        if is_answerable:
            _mail(
                challenge, "code", {"code": code, "purpose": challenge.purpose, "minutes": settings.CODE_SECONDS // 60}
            )
        elif challenge.purpose in (Purpose.REGISTER, Purpose.EMAIL_CHANGE):
            _mail(challenge, "email_known", {})
    except Exception:
        Challenge.objects.filter(pk=challenge.pk, code_hash=code_hash).update(code_send=send - 1, code_hash="")
        raise


def _is_answerable(challenge: Challenge) -> bool:
    return not challenge.is_decoy and (challenge.user is None or challenge.user.is_active)


def _mail(challenge: Challenge, template: str, context: dict[str, object]) -> None:
    send_mail(
        template=f"insure_users/mail/{template}",
        to=challenge.destination,
        context=context,
        language=challenge.language,
    )
