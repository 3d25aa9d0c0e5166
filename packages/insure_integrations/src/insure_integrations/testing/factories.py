"""Rows for tests."""

from typing import Any

from insure_common import clock
from insure_common.ids import new_id
from insure_integrations.enums import SyncStatus
from insure_integrations.models import ExternalCall, HolderLink, SyncRun


def make_external_call(**changes: Any) -> ExternalCall:
    defaults = {
        "system": "CASSE",
        "operation": "list_policies",
        "method": "GET",
        "path": "/v1/policies",
        "status": 200,
        "duration_ms": 12,
        "correlation_id": new_id(),
    }
    return ExternalCall.objects.create(**defaults | changes)


def make_sync_run(**changes: Any) -> SyncRun:
    """A run that succeeded with nothing to do."""
    now = clock.now()
    defaults = {
        "job": "casse.policies",
        "status": SyncStatus.SUCCEEDED,
        "started_at": now,
        "finished_at": now,
        "total": 0,
    }
    return SyncRun.objects.create(**defaults | changes)


def make_holder_link(**changes: Any) -> HolderLink:
    """A holder who waits for a user."""
    defaults = {
        "system": "CASSE",
        "reference": f"TOM-{new_id()}",
        "id_type": "CC",
        "id_number": "52700104",
        "email": "client@example.com",
    }
    return HolderLink.objects.create(**defaults | changes)
