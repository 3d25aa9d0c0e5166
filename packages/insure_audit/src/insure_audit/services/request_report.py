"""Ask for a report."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from insure_audit.conf import AuditSettings
from insure_audit.enums import UNFINISHED_REPORTS, ReportFormat
from insure_audit.models import Report
from insure_audit.permissions import VIEW_REPORT_PERSONAL_DATA
from insure_audit.selectors.reports import report_kinds_for
from insure_audit.services.record import record
from insure_common import clock, outbox
from insure_common.database import advisory_lock
from insure_common.exceptions import Conflict, ValidationError


class ReportsUnderWay(Conflict):
    default_detail = _("Your reports before this one are not finished yet. Please wait for one of them.")
    default_code = "reports_under_way"


def request_report(*, actor: Any, kind: str, format: ReportFormat, parameters: Mapping[str, Any]) -> Report:
    """Have a report written for somebody with the right to create reports, in the language in force.

    Raises ValidationError for what cannot be asked, ReportsUnderWay beyond REPORTS_AT_ONCE unfinished ones.
    """
    known = report_kinds_for(actor).get(kind)
    if known is None:
        raise ValidationError({"kind": [_("There is no such report.")]})
    if format not in known.formats:
        raise ValidationError({"format": [_("This report has no such format.")]})
    try:
        valid = known.valid(parameters)
    except ValidationError as error:
        raise ValidationError({"parameters": error.detail}) from None
    settings, now = AuditSettings.load(), clock.now()
    with transaction.atomic():
        advisory_lock("insure_audit.reports", actor.pk)
        under_way = Report.objects.filter(requested_by_id=actor.pk, status__in=UNFINISHED_REPORTS)
        if under_way.count() >= settings.REPORTS_AT_ONCE:
            raise ReportsUnderWay
        report = Report.objects.create(
            kind=kind,
            format=format,
            parameters=valid,
            language=translation.get_language(),
            requested_by=actor,
            is_masked=not actor.has_perm(VIEW_REPORT_PERSONAL_DATA),
            created_at=now,
            expires_at=now + timedelta(days=settings.REPORT_DAYS),
        )
        outbox.enqueue(
            "insure_audit.tasks.render_report_task",
            payload={"report_id": report.pk},
            priority=outbox.Priority.BULK,
        )
        record(
            "audit.report_requested",
            actor=actor,
            target_type="insure_audit.report",
            target_id=report.pk,
            metadata={"kind": kind, "format": format, "is_masked": report.is_masked},
        )
    return report
