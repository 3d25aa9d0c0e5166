"""Write the file of a report, once, with memory that does not grow with its rows."""

from datetime import timedelta
from hashlib import file_digest
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation

from insure_audit.conf import AuditSettings
from insure_audit.enums import UNFINISHED_REPORTS, ReportFailure, ReportFormat, ReportStatus
from insure_audit.models import Report
from insure_audit.reports.csv_file import write_csv
from insure_audit.reports.kinds import report_kinds
from insure_audit.reports.pdf_file import report_pdf
from insure_audit.reports.rows import Rows
from insure_common import clock, outbox
from insure_common.database import snapshot
from insure_common.heartbeat import Heartbeat

MOST_ATTEMPTS = 3
"""A report that ended its worker as often as this, by its memory for instance, is not tried again."""
PROGRESS_EVERY = timedelta(seconds=2)


class _TooManyRows(Exception):
    pass


def render_report(*, report_id: UUID) -> None:
    """Bring a report to DONE with its file and SHA-256, or to FAILED with a reason; a finished one stays as it is."""
    report = _begin(report_id)
    if report is None:
        return
    with TemporaryFile() as file, translation.override(report.language):
        try:
            rows = _write(report, file)
        except _TooManyRows:
            is_pdf = report.format == ReportFormat.PDF
            _fail(report, ReportFailure.TOO_LONG_FOR_PDF if is_pdf else ReportFailure.TOO_LONG)
        except SoftTimeLimitExceeded:
            _fail(report, ReportFailure.TOOK_TOO_LONG)
        else:
            _keep(report, file, rows=rows)


def _begin(report_id: UUID) -> Report | None:
    """Take the next attempt, which takes the report away from whoever still works on the one before."""
    with transaction.atomic():
        unfinished = Report.objects.filter(status__in=UNFINISHED_REPORTS)
        report = unfinished.select_for_update(no_key=True).filter(pk=report_id).first()
        if report is None:
            return None
        for attempt in range(1, report.attempts + 1):
            default_storage.delete(_path(report, attempt))
        if report.attempts < MOST_ATTEMPTS:
            report.attempts += 1
            report.status, report.progress = ReportStatus.RUNNING, 0
            report.save(update_fields=["attempts", "status", "progress"])
            return report
    _fail(report, ReportFailure.INTERRUPTED)
    return None


def _path(report: Report, attempt: int) -> str:
    """Each attempt has a file of its own, so that the digest is that of the file whichever attempt commits."""
    day = report.created_at.astimezone(clock.BOGOTA)
    return f"reports/{day:%Y/%m}/{report.pk}-{attempt}.{report.format.lower()}"


def _write(report: Report, file: IO[bytes]) -> int:
    settings, kind = AuditSettings.load(), report_kinds()[report.kind]
    most = settings.REPORT_PDF_ROWS if report.format == ReportFormat.PDF else settings.REPORT_CSV_ROWS
    with snapshot():
        rows = Rows(kind, kind.valid(report.parameters), is_masked=report.is_masked)
        if rows.total > most:
            raise _TooManyRows
        with Heartbeat(lambda: _show_progress(report, rows.progress), every=PROGRESS_EVERY):
            if report.format == ReportFormat.CSV:
                write_csv(file, columns=kind.columns, rows=rows)
                return rows.passed
            table = list(rows)
    file.write(report_pdf(report=report, kind=kind, rows=table))
    return rows.passed


def _show_progress(report: Report, progress: int) -> None:
    Report.objects.filter(pk=report.pk, attempts=report.attempts, status=ReportStatus.RUNNING).update(progress=progress)


def _keep(report: Report, file: IO[bytes], *, rows: int) -> None:
    file.seek(0)
    digest = file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # its stubs ask for more than it does
    path = default_storage.save(_path(report, report.attempts), File(file))
    try:
        _finish(report, status=ReportStatus.DONE, path=path, sha256=digest, rows=rows, progress=100)
    except outbox.LeaseLost:
        default_storage.delete(path)
        raise


def _fail(report: Report, reason: ReportFailure) -> None:
    _finish(report, status=ReportStatus.FAILED, failure_reason=reason)


def _finish(report: Report, **result: object) -> None:
    """Raises LeaseLost if another attempt has begun meanwhile."""
    with transaction.atomic():
        mine = Report.objects.filter(pk=report.pk, attempts=report.attempts, status__in=UNFINISHED_REPORTS)
        if not mine.update(finished_at=clock.now(), **result):
            raise outbox.LeaseLost(f"report {report.pk}")
        outbox.complete()
