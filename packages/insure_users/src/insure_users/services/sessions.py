"""Sessions: start, refresh, end."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.db.transaction import atomic
from rest_framework_simplejwt.exceptions import TokenBackendError

from insure_audit.public import record
from insure_common import clock
from insure_common.correlation import client_address
from insure_common.ids import new_id
from insure_users import actions
from insure_users.conf import UsersSettings
from insure_users.enums import SessionEnd
from insure_users.errors import NotFound, TokenInvalid, TokenReused
from insure_users.models import Session, User
from insure_users.selectors.sessions import live_sessions_of
from insure_users.services.notices import Notice, notify_user
from insure_users.tokens import REFRESH, Claims, TokenPair, key_ring, pair_of, read_token

logger = logging.getLogger(__name__)

ROTATE = """
UPDATE insure_users_session SET current = %(new)s, previous = %(presented)s, rotated_at = %(now)s, kid = %(kid)s,
  idle_until = least(%(idle_until)s, ends_at), client_address = %(client_address)s
WHERE id = %(id)s AND user_id = %(user)s AND current = %(presented)s
  AND ended_at IS NULL AND idle_until > %(now)s AND ends_at > %(now)s
RETURNING *
"""


def start_session(*, user: User, device_name: str = "") -> Session:
    """Sign a user in on one more device; in the caller's transaction, under the user's row lock."""
    settings = UsersSettings.load()
    idle, life = timedelta(days=settings.SESSION_IDLE_DAYS), timedelta(days=settings.SESSION_DAYS)
    return _start(user, device_name, idle=idle, life=life)


def start_back_office_session(*, user: User, device_name: str) -> Session:
    """Like `start_session`, for a browser: it gets no tokens and ends sooner."""
    settings = UsersSettings.load()
    idle, life = timedelta(minutes=settings.BACK_OFFICE_IDLE_MINUTES), timedelta(hours=settings.BACK_OFFICE_HOURS)
    return _start(user, device_name, idle=idle, life=life)


def _start(user: User, device_name: str, *, idle: timedelta, life: timedelta) -> Session:
    now = clock.now()
    session = Session.objects.create(
        user=user,
        device_name=device_name,
        client_address=client_address(),
        created_at=now,
        rotated_at=now,
        kid=key_ring().kid,
        idle_until=now + min(idle, life),
        ends_at=now + life,
    )
    record(actions.SIGNED_IN, actor=user, target_type=actions.SESSION, target_id=session.pk)
    return session


def keep_back_office_session(session: Session) -> None:
    """Put off the idle end of a live session that is in use; at most once a minute, to spare a write for each page."""
    now = clock.now()
    idle_until = min(now + timedelta(minutes=UsersSettings.load().BACK_OFFICE_IDLE_MINUTES), session.ends_at)
    if idle_until - session.idle_until >= timedelta(minutes=1):
        _live(session_id=session.pk, user_id=session.user_id, now=now).update(idle_until=idle_until)


def _idle_until(now: datetime) -> datetime:
    return now + timedelta(days=UsersSettings.load().SESSION_IDLE_DAYS)


def refresh_session(*, refresh: str) -> TokenPair:
    """The next pair of a session; within the grace the same refresh token gets the very same pair once more.

    Raises TokenReused, ending the session, for a token that was used before; TokenInvalid for everything else.
    """
    try:
        claims = read_token(refresh, token_type=REFRESH)
    except TokenBackendError as error:
        raise TokenInvalid from error
    now = clock.now()
    values = {
        "id": claims.session_id,
        "user": claims.user_id,
        "presented": claims.pair_id,
        "new": new_id(),
        "now": now,
        "kid": key_ring().kid,
        "idle_until": _idle_until(now),
        "client_address": client_address(),
    }
    rotated = list(Session.objects.raw(ROTATE, values))
    session = rotated[0] if rotated else _in_grace(claims, now)
    if session is None:
        _end_reused(claims)
        raise TokenReused
    return pair_of(session)


def _live(*, session_id: UUID, user_id: UUID, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(
        pk=session_id, user_id=user_id, ended_at__isnull=True, idle_until__gt=now, ends_at__gt=now
    )


def _in_grace(claims: Claims, now: datetime) -> Session | None:
    """The live session whose pair before this one was presented a moment ago; None if it was presented too late.

    Raises TokenInvalid if the session is not live.
    """
    session = _live(session_id=claims.session_id, user_id=claims.user_id, now=now).first()
    if session is None:
        raise TokenInvalid
    grace = timedelta(seconds=UsersSettings.load().REFRESH_GRACE_SECONDS)
    return session if session.previous == claims.pair_id and now - session.rotated_at < grace else None


def _end_reused(claims: Claims) -> None:
    now = clock.now()
    with atomic():
        live = _live(session_id=claims.session_id, user_id=claims.user_id, now=now)
        if not live.update(ended_at=now, end_reason=SessionEnd.REUSED):
            return
        session = Session.objects.select_related("user").get(pk=claims.session_id)
        record(actions.TOKEN_REUSED, actor=session.user, target_type=actions.SESSION, target_id=session.pk)
        notify_user(session.user, Notice.SESSION_ENDED)
    logger.warning("used refresh token presented again", extra={"session": str(claims.session_id)})


def end_session(*, refresh: str) -> None:
    """Sign out: end the session of a genuine refresh token; nothing happens if it has ended already.

    Raises TokenInvalid if the token is not genuine.
    """
    try:
        claims = read_token(refresh, token_type=REFRESH)
    except TokenBackendError as error:
        raise TokenInvalid from error
    sign_out(session_id=claims.session_id, user_id=claims.user_id)


def sign_out(*, session_id: UUID, user_id: UUID) -> None:
    """End a session by its user's own wish; nothing happens if it has ended already."""
    now = clock.now()
    with atomic():
        live = _live(session_id=session_id, user_id=user_id, now=now)
        if not live.update(ended_at=now, end_reason=SessionEnd.LOGOUT):
            return
        session = Session.objects.select_related("user").get(pk=session_id)
        record(actions.SIGNED_OUT, actor=session.user, target_type=actions.SESSION, target_id=session.pk)


def end_sessions_of(user: User, *, reason: SessionEnd, but: UUID | None = None) -> int:
    """End every live session of a user, `but` one if given; in the caller's transaction. Returns how many."""
    live = Session.objects.filter(user_id=user.pk, ended_at__isnull=True)
    if but is not None:
        live = live.exclude(pk=but)
    return live.update(ended_at=clock.now(), end_reason=reason)


def end_session_of(user: User, *, session_id: UUID) -> None:
    """End one of the user's own sessions. Raises NotFound if they have no such live session."""
    with atomic():
        live = live_sessions_of(user).filter(pk=session_id)
        if not live.update(ended_at=clock.now(), end_reason=SessionEnd.ENDED_BY_USER):
            raise NotFound
        record(actions.SESSION_ENDED, actor=user, target_type=actions.SESSION, target_id=session_id)
