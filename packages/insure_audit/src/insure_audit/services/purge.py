"""Deletes reports that have expired, with their files."""

from django.core.files.storage import default_storage

from insure_audit.models import Report
from insure_common import clock
from insure_common.retention import delete_in_batches


def purge() -> int:
    """Delete in batches; returns how many rows."""
    expired = Report.objects.filter(expires_at__lt=clock.now())
    for path in expired.exclude(path="").values_list("path", flat=True):
        default_storage.delete(path)
    return delete_in_batches(expired)
