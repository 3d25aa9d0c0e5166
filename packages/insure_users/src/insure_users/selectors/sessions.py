"""Reads of sessions."""

from uuid import UUID

from django.db.models import QuerySet

from insure_common import clock
from insure_users.enums import UserStatus
from insure_users.models import Session, User


def live_session(*, session_id: UUID, user_id: UUID) -> Session | None:
    """The session with its user if neither has ended; one query on two primary keys."""
    now = clock.now()
    return (
        Session.objects.select_related("user")
        .filter(
            pk=session_id,
            user_id=user_id,
            ended_at__isnull=True,
            idle_until__gt=now,
            ends_at__gt=now,
            user__status=UserStatus.ACTIVE,
        )
        .first()
    )


def live_sessions_of(user: User) -> QuerySet[Session]:
    """The devices on which the user is signed in."""
    now = clock.now()
    return Session.objects.filter(user_id=user.pk, ended_at__isnull=True, idle_until__gt=now, ends_at__gt=now)
