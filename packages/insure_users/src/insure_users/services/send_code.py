"""Make a code, keep its hash, mail it: the worker's part of a challenge."""

import secrets
from datetime import timedelta
from uuid import UUID

from insure_common import clock
from insure_common.database import session_lock
from insure_common.mail import send_mail
from insure_common.outbox import RetryLater
from insure_users.conf import UsersSettings
from insure_users.enums import Purpose
from insure_users.models import Challenge
from insure_users.services.challenges import OPEN, hash_code

PAUSE = timedelta(seconds=5)


def send_code(*, challenge_id: UUID, send: int) -> None:
    """Make and mail the code number `send` of a challenge, once also when two workers try.

    A decoy gets a code that nobody knows; the owner of a known address is told what was tried. If the mail server
    refuses, the code is withdrawn and the exception passed on; the next run, like the one after a worker that died on
    the way, makes another code, and only the last one counts. Raises RetryLater while another worker is at it.
    """
    with session_lock("insure_users.send_code", challenge_id) as is_ours:
        if not is_ours:
            raise RetryLater(PAUSE)
        settings = UsersSettings.load()
        unsent = Challenge.objects.filter(OPEN, pk=challenge_id, code_send__lt=send)
        challenge = unsent.select_related("user").first()
        if challenge is None or challenge.is_older_than(timedelta(minutes=settings.CHALLENGE_MINUTES)):
            return
        is_answerable = _is_answerable(challenge)
        code = f"{secrets.randbelow(1_000_000):06}" if is_answerable else secrets.token_hex()
        code_hash = hash_code(challenge, code)
        expires_at = clock.now() + timedelta(seconds=settings.CODE_SECONDS)
        if not unsent.update(code_hash=code_hash, expires_at=expires_at):
            return
        ours = Challenge.objects.filter(pk=challenge_id, code_hash=code_hash)
        try:
            if is_answerable:
                minutes = settings.CODE_SECONDS // 60
                _mail(challenge, "code", {"code": code, "purpose": challenge.purpose, "minutes": minutes})
            elif challenge.purpose in (Purpose.REGISTER, Purpose.EMAIL_CHANGE):
                _mail(challenge, "email_known", {})
        except Exception:
            ours.update(code_hash="")
            raise
        ours.update(code_send=send)


def _is_answerable(challenge: Challenge) -> bool:
    return not challenge.is_decoy and (challenge.user is None or challenge.user.is_active)


def _mail(challenge: Challenge, template: str, context: dict[str, object]) -> None:
    send_mail(
        template=f"insure_users/mail/{template}",
        to=challenge.destination,
        context=context,
        language=challenge.language,
    )
