"""Deletes what has outlived its purpose: the call log, notifications, sync runs."""

from datetime import timedelta

from django.db.models import Exists, OuterRef

from insure_common import clock
from insure_common.retention import delete_in_batches
from insure_integrations.conf import IntegrationsSettings
from insure_integrations.models import ExternalCall, Notification, SyncQuarantine, SyncRun


def purge() -> int:
    """Delete in batches; returns how many rows."""
    now, kept = clock.now(), IntegrationsSettings.load()
    explains = SyncQuarantine.objects.filter(run=OuterRef("pk"))
    return delete_in_batches(
        ExternalCall.objects.filter(created_at__lt=now - timedelta(days=kept.CALL_LOG_DAYS)),
        Notification.objects.filter(created_at__lt=now - timedelta(days=kept.NOTIFICATION_DAYS)),
        SyncRun.objects.filter(~Exists(explains), finished_at__lt=now - timedelta(days=kept.SYNC_RUN_DAYS)),
    )
