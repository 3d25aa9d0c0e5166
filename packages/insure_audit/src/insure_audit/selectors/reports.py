"""Which reports somebody may ask for and see."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from insure_audit.models import Report
from insure_audit.permissions import VIEW_ANY_REPORT, VIEW_REPORT_PERSONAL_DATA
from insure_audit.reports.kinds import ReportKind, report_kinds
from insure_common import clock


def report_kinds_for(user: Any) -> Mapping[str, ReportKind]:
    """The kinds whose data the user has the right to, by name."""
    return {name: kind for name, kind in report_kinds().items() if user.has_perm(kind.permission)}


def reports_visible_to(user: Any) -> QuerySet[Report]:
    """Own reports that have not expired, or everybody's, as far as the user's rights go now."""
    reports = Report.objects.filter(kind__in=report_kinds_for(user), expires_at__gt=clock.now())
    if not user.has_perm(VIEW_ANY_REPORT):
        reports = reports.filter(requested_by_id=user.pk)
    if not user.has_perm(VIEW_REPORT_PERSONAL_DATA):
        reports = reports.filter(is_masked=True)
    return reports
