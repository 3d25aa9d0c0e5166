"""What this package keeps about a person, for the export of their data."""

from typing import Any

from insure_common.export import exported
from insure_policies.models import Coverage, Document, Policy


def export_person(*, user_id: Any) -> dict[str, list[dict[str, Any]]]:
    """Policies with their coverages and the names and digests of their documents."""
    return exported(
        Policy.objects.filter(user_id=user_id),
        Coverage.objects.filter(policy__user_id=user_id),
        Document.objects.filter(policy__user_id=user_id),
        without=["path", "fingerprint"],
    )
