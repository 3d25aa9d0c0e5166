"""E-mail codes: one flow for every purpose.

Opening and resending only write rows; the code itself is made, hashed and mailed by the worker (`services.send_code`).
"""

import hashlib
import hmac
import logging
import math
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import Q, QuerySet
from django.db.transaction import atomic
from django.utils.translation import get_language

from insure_audit.public import record
from insure_common import clock
from insure_common.correlation import client_address
from insure_common.database import advisory_lock
from insure_common.exceptions import TooManyRequests
from insure_common.outbox import Priority, enqueue
from insure_users import actions
from insure_users.conf import UsersSettings
from insure_users.enums import Purpose
from insure_users.errors import OtpExhausted, OtpExpired, OtpInvalid
from insure_users.limits import give_back, take, take_mail, wrong_codes
from insure_users.models import Challenge, User
from insure_users.selectors.users import active_user_locked

logger = logging.getLogger(__name__)

SEND_CODE_TASK = "insure_users.tasks.send_code_task"
OPEN = Q(used_at__isnull=True, closed_at__isnull=True)

TAKE_ATTEMPT = """
UPDATE insure_users_challenge SET attempts = attempts + 1
WHERE id = %(id)s AND purpose = ANY(%(purposes)s) AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
  AND attempts < %(most)s AND code_hash <> '' AND expires_at > %(now)s
  AND used_at IS NULL AND closed_at IS NULL
RETURNING *
"""
TAKE_SEND = """
UPDATE insure_users_challenge
SET sends = sends + 1, resend_at = %(resend_at)s, expires_at = %(expires_at)s, code_hash = ''
WHERE id = %(id)s AND resend_at <= %(now)s AND sends < %(most)s AND used_at IS NULL AND closed_at IS NULL
RETURNING *
"""


def open_challenge(
    *,
    purpose: Purpose,
    destination: str,
    user: User | None = None,
    is_decoy: bool = False,
    data: Mapping[str, Any] | None = None,
    password_hash: str = "",
) -> Challenge:
    """Ask for a code to `destination` and end every earlier challenge of that purpose there.

    A decoy costs the same and can never succeed. The caller has counted the mail (`limits.take_mail`).
    """
    now, settings = clock.now(), UsersSettings.load()
    with atomic():
        advisory_lock("insure_users.challenge", purpose, destination)
        _close(Q(purpose=purpose, destination=destination), now)
        challenge = Challenge.objects.create(
            purpose=purpose,
            destination=destination,
            user=user,
            is_decoy=is_decoy,
            data=dict(data or {}),
            password_hash=user.password if user else password_hash,
            language=get_language() or "es",
            client_address=client_address(),
            created_at=now,
            resend_at=now + timedelta(seconds=settings.RESEND_SECONDS),
            expires_at=now + timedelta(seconds=settings.CODE_SECONDS),
        )
        _enqueue(challenge)
    return challenge


def close_challenges_of(user: User) -> None:
    """End every open challenge of a user whose password, e-mail or status changes; in the caller's transaction."""
    _close(Q(user_id=user.pk), clock.now())


def _close(which: Q, now: datetime) -> None:
    Challenge.objects.filter(which, OPEN).update(closed_at=now, data={}, password_hash="")


def resend_code(*, challenge_id: UUID) -> Challenge:
    """Ask for one more code; the earlier one ends, attempts are not refilled.

    Raises OtpInvalid, OtpExpired or OtpExhausted if the challenge gets no more codes, TooManyRequests if it is too
    early.
    """
    now, settings = clock.now(), UsersSettings.load()
    challenge = Challenge.objects.filter(OPEN, pk=challenge_id).first()
    if challenge is None:
        raise OtpInvalid
    if challenge.is_older_than(timedelta(minutes=settings.CHALLENGE_MINUTES)):
        raise OtpExpired
    if challenge.attempts >= settings.CODE_ATTEMPTS or challenge.sends >= settings.CODE_SENDS:
        raise OtpExhausted
    if challenge.resend_at > now:
        raise TooManyRequests(wait=math.ceil((challenge.resend_at - now).total_seconds()))
    take_mail(purpose=challenge.purpose, destination=challenge.destination)
    values = {
        "id": challenge.pk,
        "now": now,
        "most": settings.CODE_SENDS,
        "resend_at": now + timedelta(seconds=settings.RESEND_SECONDS),
        "expires_at": now + timedelta(seconds=settings.CODE_SECONDS),
    }
    with atomic():
        taken = list(Challenge.objects.raw(TAKE_SEND, values))
        if not taken:
            raise TooManyRequests(wait=settings.RESEND_SECONDS)
        _enqueue(taken[0])
    return taken[0]


def _enqueue(challenge: Challenge) -> None:
    payload = {"challenge_id": challenge.pk, "send": challenge.sends}
    enqueue(SEND_CODE_TASK, payload=payload, priority=Priority.URGENT)


def hash_code(challenge: Challenge, code: str) -> str:
    """A salted slow hash that holds for this challenge only."""
    return make_password(_peppered(challenge, code))


def _peppered(challenge: Challenge, code: str) -> str:
    pepper = UsersSettings.load().OTP_PEPPER.encode()
    return hmac.new(pepper, f"{challenge.pk}:{code}".encode(), hashlib.sha256).hexdigest()


def check_code(
    *, challenge_id: UUID, code: str, purposes: Collection[Purpose], user_id: UUID | None = None
) -> Challenge:
    """The challenge whose code is right; `use_challenge` then makes it count, once.

    The attempt is counted and committed before the code is looked at. Raises OtpInvalid, OtpExpired or OtpExhausted;
    an unknown, used or replaced challenge, one of another purpose or, with `user_id`, of another user, and one whose
    code is not made yet are OtpInvalid.
    """
    most = UsersSettings.load().CODE_ATTEMPTS
    values = {"id": challenge_id, "purposes": list(purposes), "user": user_id, "most": most, "now": clock.now()}
    with atomic(durable=True):
        taken = list(Challenge.objects.raw(TAKE_ATTEMPT, values))
    if not taken:
        mine = Challenge.objects.filter(OPEN, pk=challenge_id, purpose__in=purposes)
        raise _refusal(mine.filter(user_id=user_id) if user_id else mine, most=most)
    challenge = taken[0]
    budget = wrong_codes(challenge.purpose, challenge.destination)
    try:
        take(*budget)
    except TooManyRequests:
        raise OtpExhausted from None
    if not check_password(_peppered(challenge, code), challenge.code_hash):
        _record_refusal(challenge)
        raise OtpInvalid
    give_back(*budget)
    logger.info("code accepted", extra={"challenge": str(challenge.pk), "purpose": challenge.purpose})
    return challenge


def _refusal(candidates: QuerySet[Challenge], *, most: int) -> Exception:
    challenge = candidates.first()
    if challenge is None or not challenge.code_hash:
        return OtpInvalid()
    return OtpExhausted() if challenge.attempts >= most else OtpExpired()


def _record_refusal(challenge: Challenge) -> None:
    with atomic():
        record(
            actions.CODE_REFUSED,
            target_type=actions.CHALLENGE,
            target_id=challenge.pk,
            metadata={"purpose": challenge.purpose, "attempt": challenge.attempts},
        )
    logger.info("code refused", extra={"challenge": str(challenge.pk), "attempt": challenge.attempts})


def lock_user_of(challenge: Challenge) -> User:
    """The user of a checked challenge, held until the transaction ends.

    Raises OtpInvalid unless they are active and have the same password as when the challenge was opened.
    """
    user = active_user_locked(challenge.user_id)
    if user is None or user.password != challenge.password_hash:
        raise OtpInvalid
    return user


def use_challenge(challenge: Challenge) -> None:
    """Spend a checked challenge in the transaction of its effect.

    Raises OtpInvalid if it is a decoy, was used or replaced meanwhile, or has got another code.
    """
    unused = Challenge.objects.filter(OPEN, pk=challenge.pk, is_decoy=False, code_hash=challenge.code_hash)
    if not unused.update(used_at=clock.now(), data={}, password_hash=""):
        raise OtpInvalid
