"""Calls to other systems, sync runs and what they refused, holder links, notifications."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_integrations.enums import FINISHED, NotificationStatus, SyncStatus


class ExternalCall(models.Model):
    """One attempt to call another system, whatever became of it; secrets and personal data are masked."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.CharField(_("system"), max_length=40)
    operation = models.CharField(_("operation"), max_length=80)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    method = models.CharField(_("method"), max_length=10)
    path = models.CharField(_("path"), max_length=500, help_text=_("Without the query, which is part of the request."))
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, help_text=_("Empty if no answer came."))
    request = models.JSONField(_("request"), default=dict)
    response = models.JSONField(_("response"), null=True)
    duration_ms = models.PositiveIntegerField(_("duration in milliseconds"))
    correlation_id = models.UUIDField(_("correlation id"), db_index=True)
    error = models.CharField(_("error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("time"), default=clock.now, editable=False, db_index=True)

    class Meta:
        verbose_name = _("external call")
        verbose_name_plural = _("external calls")
        default_permissions = ()
        permissions = [("view_external_call", "Can read calls to other systems")]
        indexes = [
            models.Index(fields=["system", "-id"], name="external_call_system"),
            models.Index(fields=["status", "-id"], name="external_call_status"),
        ]
        constraints = [
            models.CheckConstraint(
                name="external_call_answer_or_error", condition=Q(status__isnull=False) | ~Q(error="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.operation} {self.status or self.error}"


class SyncRun(models.Model):
    """One walk through what a core system holds; resumes from `cursor` after every interruption."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    job = models.CharField(_("job"), max_length=80)
    status = models.CharField(_("status"), max_length=10, choices=SyncStatus, default=SyncStatus.REQUESTED)
    full = models.BooleanField(_("full"), default=False, help_text=_("Everything, not only what has changed."))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("requested by"),
        help_text=_("Empty for the schedule."),
    )
    created_at = models.DateTimeField(_("requested at"), default=clock.now, editable=False)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    held_until = models.DateTimeField(null=True, help_text=_("A worker is at it until then at the latest."))
    fence = models.PositiveIntegerField(default=0, help_text=_("Number of the worker whose writes are accepted."))
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)

    updated_since = models.DateTimeField(null=True, help_text=_("Empty for a full run."))
    newest = models.DateTimeField(null=True, help_text=_("Time of change of the newest row seen."))
    cursor = models.CharField(_("cursor"), max_length=500, blank=True)
    last_reference = models.CharField(max_length=64, blank=True)
    snapshot = models.CharField(max_length=100, blank=True)
    is_consistent = models.BooleanField(default=True, help_text=_("Snapshot and total were the same on every page."))
    total = models.PositiveIntegerField(null=True, help_text=_("Rows announced by the system."))
    seen = models.PositiveIntegerField(default=0, help_text=_("Rows received."))

    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    failed = models.PositiveIntegerField(_("refused rows"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        default_permissions = ()
        permissions = [("view_sync_run", "Can read sync runs"), ("run_sync_job", "Can start sync runs")]
        indexes = [models.Index(fields=["job", "-id"], name="sync_run_job")]
        constraints = [
            models.CheckConstraint(name="sync_run_status_known", condition=Q(status__in=SyncStatus.values)),
            models.UniqueConstraint(
                name="sync_run_one_requested", fields=["job"], condition=Q(status=SyncStatus.REQUESTED)
            ),
            models.UniqueConstraint(
                name="sync_run_one_running", fields=["job"], condition=Q(status=SyncStatus.RUNNING)
            ),
            models.CheckConstraint(
                name="sync_run_times_fit_status",
                condition=Q(status=SyncStatus.REQUESTED, started_at__isnull=True, finished_at__isnull=True)
                | Q(status=SyncStatus.RUNNING, started_at__isnull=False, finished_at__isnull=True)
                | Q(status__in=sorted(FINISHED), started_at__isnull=False, finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="sync_run_succeeded_is_complete",
                condition=~Q(status=SyncStatus.SUCCEEDED) | Q(is_consistent=True, total__isnull=False, seen=F("total")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.created_at:%Y-%m-%d %H:%M} {self.status}"


class SyncQuarantine(models.Model):
    """A row that is refused at present; it leaves when the system sends it in a form that is accepted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    job = models.CharField(_("job"), max_length=80)
    reference = models.CharField(_("reference"), max_length=80)
    reason = models.CharField(_("reason"), max_length=500, help_text=_("Names of fields and rules, never values."))
    run = models.ForeignKey(SyncRun, on_delete=models.PROTECT, related_name="quarantine", verbose_name=_("last run"))
    created_at = models.DateTimeField(_("first refused"), default=clock.now, editable=False)
    refused_at = models.DateTimeField(_("last refused"), default=clock.now)

    class Meta:
        verbose_name = _("quarantined row")
        verbose_name_plural = _("quarantined rows")
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="sync_quarantine_row", fields=["job", "reference"])]

    def __str__(self) -> str:
        return f"{self.job} {self.reference}"


class HolderLink(models.Model):
    """A holder in a core system, and the user who proved to be that holder."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.CharField(_("system"), max_length=40)
    reference = models.CharField(_("reference"), max_length=64)
    id_type = models.CharField(_("document type"), max_length=10)
    id_number = models.CharField(_("document number"), max_length=30)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    linked_at = models.DateTimeField(_("linked at"), null=True)
    erased_at = models.DateTimeField(
        _("erased at"), null=True, help_text=_("The user was pseudonymised: document and e-mail were taken out.")
    )
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("holder link")
        verbose_name_plural = _("holder links")
        default_permissions = ()
        indexes = [models.Index(fields=["id_type", "id_number"], name="holder_waiting", condition=Q(user__isnull=True))]
        constraints = [
            models.UniqueConstraint(name="holder_link_reference", fields=["system", "reference"]),
            models.CheckConstraint(
                name="holder_link_time_fits_user",
                condition=Q(user__isnull=True, linked_at__isnull=True) | Q(user__isnull=False, linked_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.reference}"


class Notification(models.Model):
    """A message to a user: listed in the app and sent by e-mail."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("user")
    )
    kind = models.CharField(_("kind"), max_length=80)
    context = models.JSONField(default=dict, help_text=_("Ids and plain values for the template, never a secret."))
    attachments = models.JSONField(default=list, help_text=_("Names, and paths in the default storage."))
    status = models.CharField(_("status"), max_length=7, choices=NotificationStatus, default=NotificationStatus.PENDING)
    dedupe_key = models.CharField(max_length=200, unique=True, help_text=_("The cause: one notification for each."))
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    read_at = models.DateTimeField(_("read at"), null=True)
    error = models.CharField(_("error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        default_permissions = ()
        indexes = [models.Index(fields=["user", "-id"], name="notification_user")]
        constraints = [
            models.CheckConstraint(name="notification_status_known", condition=Q(status__in=NotificationStatus.values)),
            models.CheckConstraint(
                name="notification_sent_has_time",
                condition=Q(status=NotificationStatus.SENT, sent_at__isnull=False)
                | (~Q(status=NotificationStatus.SENT) & Q(sent_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="notification_sending_is_claimed",
                condition=~Q(status=NotificationStatus.SENDING) | Q(claimed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"
