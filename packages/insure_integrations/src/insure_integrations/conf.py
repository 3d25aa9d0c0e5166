"""INSURE_INTEGRATIONS: the settings of this package."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from insure_common.conf import AppSettings


class IntegrationsSettings(AppSettings, setting="INSURE_INTEGRATIONS"):
    """INSURE_INTEGRATIONS."""

    SYSTEMS: dict[str, dict[str, Any]] = {}
    """Core systems by name: `{"CASSE": {"client": "dotted.path.of.a.CoreSystem", **options of its constructor}}`."""
    REDIS_URL: str = ""
    """Where all workers share the circuit breakers; without it, or while it is away, every call is let through."""
    BREAKER_FAILURES: int = 5
    """Failures within BREAKER_WINDOW_SECONDS that open a system's breaker."""
    BREAKER_WINDOW_SECONDS: int = 60
    BREAKER_OPEN_SECONDS: int = 30
    """How long an open breaker refuses calls before one call may try the system again."""
    MASKED_NAMES: tuple[str, ...] = ()
    """Further parts of field names whose values are masked in the call log."""
    CALL_LOG_MAX_BYTES: int = 512 * 1024
    """Larger payloads are logged by size and digest only."""
    CALL_LOG_DAYS: Annotated[int, Field(gt=0)] = 90
    """Entries of the call log are deleted after this time."""
    NOTIFICATION_DAYS: Annotated[int, Field(gt=0)] = 730
    """Notifications are deleted after this time, read or not."""
    SYNC_RUN_DAYS: Annotated[int, Field(gt=0)] = 365
    """Finished sync runs are deleted after this time, unless they still explain a quarantined row."""
    FULL_SYNC_INTERVAL: timedelta = timedelta(days=1)
    """A job whose last complete full run is older than this gets a full run next."""
    SYNC_OVERLAP: timedelta = timedelta(minutes=10)
    """How far a partial run reaches back before the newest row seen, for rows that were committed late."""
    SYNC_PAGE_SIZE: int = 200
    SYNC_SLICE: timedelta = timedelta(seconds=60)
    """A run hands over to its next slice after this time, so that no task is long."""
    SYNC_LEASE: timedelta = timedelta(seconds=90)
    """A run without a sign of life for this long belongs to whoever claims it next."""
    SYNC_MAX_FAILURES: int = 5
    """Failures in a row after which a run is FAILED; until then it resumes from its cursor."""
