"""Statuses and their allowed transitions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SyncStatus(models.TextChoices):
    REQUESTED = "REQUESTED", _("Requested")
    RUNNING = "RUNNING", _("Running")
    SUCCEEDED = "SUCCEEDED", _("Succeeded")
    INCOMPLETE = "INCOMPLETE", _("Incomplete")
    FAILED = "FAILED", _("Failed")


class NotificationStatus(models.TextChoices):
    PENDING = "PENDING", _("Pending")
    SENDING = "SENDING", _("Sending")
    SENT = "SENT", _("Sent")
    FAILED = "FAILED", _("Failed")


SYNC_TRANSITIONS: dict[SyncStatus, frozenset[SyncStatus]] = {
    SyncStatus.REQUESTED: frozenset({SyncStatus.RUNNING}),
    SyncStatus.RUNNING: frozenset({SyncStatus.SUCCEEDED, SyncStatus.INCOMPLETE, SyncStatus.FAILED}),
    SyncStatus.SUCCEEDED: frozenset(),
    SyncStatus.INCOMPLETE: frozenset(),
    SyncStatus.FAILED: frozenset(),
}
FINISHED = tuple(status for status, following in SYNC_TRANSITIONS.items() if not following)
