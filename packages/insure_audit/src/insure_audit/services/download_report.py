"""Hand out the file of a report, which is itself audited."""

from typing import IO, Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from insure_audit.enums import ReportStatus
from insure_audit.models import Report
from insure_audit.selectors.reports import reports_visible_to
from insure_audit.services.record import record
from insure_common.documents.storage import stored_file
from insure_common.exceptions import Conflict


class ReportNotReady(Conflict):
    default_detail = _("The report has no file. Look at its status.")
    default_code = "report_not_ready"


def download_report(*, actor: Any, report_id: UUID) -> tuple[Report, IO[bytes]]:
    """A report that the actor may see, and its file. Raises Http404, ReportNotReady, ServiceUnavailable."""
    with transaction.atomic():
        report = get_object_or_404(reports_visible_to(actor), pk=report_id)
        if report.status != ReportStatus.DONE:
            raise ReportNotReady
        record(
            "audit.report_downloaded",
            actor=actor,
            target_type="insure_audit.report",
            target_id=report.pk,
            metadata={"kind": report.kind, "is_masked": report.is_masked},
        )
        return report, stored_file(report)
