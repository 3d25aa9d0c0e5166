"""What a report can be and become."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReportFormat(models.TextChoices):
    CSV = "CSV", "CSV"
    PDF = "PDF", "PDF"


class ReportStatus(models.TextChoices):
    """QUEUED -> RUNNING, again for each attempt -> DONE or FAILED."""

    QUEUED = "QUEUED", _("Queued")
    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")


UNFINISHED_REPORTS = (ReportStatus.QUEUED, ReportStatus.RUNNING)


class ReportFailure(models.TextChoices):
    """Why a report failed: the `failure_reason` of the API, whose `error` is the sentence."""

    TOO_LONG_FOR_PDF = "too_long_for_pdf", _("Too many rows for a PDF. Ask for CSV, or for less at a time.")
    TOO_LONG = "too_long", _("Too many rows for one report. Ask for less at a time.")
    TOOK_TOO_LONG = "took_too_long", _("The report took too long. Ask for less at a time.")
    INTERRUPTED = "interrupted", _("The report was interrupted several times. Ask for it again, or for less at a time.")
