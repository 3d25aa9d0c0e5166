"""Reports that somebody asked for, until they expire."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from insure_audit.enums import UNFINISHED_REPORTS, ReportFailure, ReportFormat, ReportStatus
from insure_common import clock
from insure_common.ids import new_id


class Report(models.Model):
    """One file of rows that somebody asked for. It is written once, and goes with its file when it expires."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=100)
    format = models.CharField(_("format"), max_length=3, choices=ReportFormat.choices)
    parameters = models.JSONField(_("parameters"), encoder=DjangoJSONEncoder)
    language = models.CharField(_("language"), max_length=10)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("requested by"),
    )
    is_masked = models.BooleanField(_("masked"), help_text=_("Personal data is masked."))
    status = models.CharField(_("status"), max_length=7, choices=ReportStatus.choices, default=ReportStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0, help_text=_("Percent."))
    rows = models.PositiveIntegerField(_("rows"), null=True)
    path = models.CharField(_("file"), max_length=200, blank=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    failure_reason = models.CharField(_("failure"), max_length=16, choices=ReportFailure.choices, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    expires_at = models.DateTimeField(_("expires at"), db_index=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        default_permissions = ()
        permissions = [
            ("create_report", "Can create reports and read their own"),
            ("view_any_report", "Can read the reports of everybody"),
            ("view_report_personal_data", "Can read personal data in reports"),
        ]
        constraints = [
            models.CheckConstraint(name="audit_report_format", condition=Q(format__in=ReportFormat.values)),
            models.CheckConstraint(name="audit_report_progress", condition=Q(progress__lte=100)),
            models.CheckConstraint(name="audit_report_expires", condition=Q(expires_at__gt=F("created_at"))),
            models.CheckConstraint(
                name="audit_report_status",
                condition=Q(
                    status__in=UNFINISHED_REPORTS, finished_at=None, rows=None, path="", sha256="", failure_reason=""
                )
                | Q(
                    status=ReportStatus.DONE,
                    finished_at__isnull=False,
                    rows__isnull=False,
                    path__gt="",
                    sha256__regex=r"^[0-9a-f]{64}$",
                    failure_reason="",
                )
                | Q(
                    status=ReportStatus.FAILED,
                    finished_at__isnull=False,
                    rows=None,
                    path="",
                    sha256="",
                    failure_reason__in=ReportFailure.values,
                ),
            ),
        ]
        indexes = [models.Index(fields=["requested_by", "-id"], name="audit_report_own")]

    def __str__(self) -> str:
        return f"{self.kind} {self.format}"
