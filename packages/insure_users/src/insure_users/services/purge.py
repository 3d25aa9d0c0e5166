"""Deletes what nobody needs any more: unverified data, old counters, sessions that ended long ago."""

from datetime import timedelta
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.db.models import Q

from insure_common import clock
from insure_common.retention import delete_in_batches
from insure_users.conf import UsersSettings
from insure_users.models import Challenge, Counter, Session


def purge() -> int:
    """Delete in batches; returns how many rows. Expired browser sessions of the back office go as well."""
    now, kept = clock.now(), UsersSettings.load()
    long_ago = now - timedelta(days=kept.ENDED_SESSION_DAYS)
    if apps.is_installed("django.contrib.sessions"):
        import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return delete_in_batches(
        Challenge.objects.filter(created_at__lt=now - timedelta(hours=kept.UNVERIFIED_HOURS)),
        Counter.objects.filter(Q(blocked_until__isnull=True) | Q(blocked_until__lt=now), window_ends_at__lt=now),
        Session.objects.filter(Q(ended_at__lt=long_ago) | Q(ends_at__lt=long_ago)),
    )
