"""Deletes what nobody needs any more: unverified data, old counters, sessions that ended long ago."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from insure_common import clock
from insure_users.conf import UsersSettings
from insure_users.models import Challenge, Counter, Session

BATCH = 5_000
ENDED_SESSIONS_DAYS = 90


def purge() -> int:
    """Delete in batches; returns how many rows."""
    now = clock.now()
    unverified = timedelta(hours=UsersSettings.load().UNVERIFIED_HOURS)
    long_ago = now - timedelta(days=ENDED_SESSIONS_DAYS)
    return sum(
        _delete(rows)
        for rows in (
            Challenge.objects.filter(created_at__lt=now - unverified),
            Counter.objects.filter(Q(blocked_until__isnull=True) | Q(blocked_until__lt=now), window_ends_at__lt=now),
            Session.objects.filter(Q(ended_at__lt=long_ago) | Q(ends_at__lt=long_ago)),
        )
    )


def _delete(rows: QuerySet[Challenge] | QuerySet[Counter] | QuerySet[Session]) -> int:
    deleted = 0
    while ids := [row.pk for row in rows.only("pk")[:BATCH]]:
        deleted += rows.filter(pk__in=ids).delete()[0]
    return deleted
