"""What can be turned on the Wompi sandbox: one form, which GET /control/ shows and POST /control/ takes."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Operation = Literal["merchant", "institutions", "create", "read", "list"]

ApiFault = Literal[
    "bad_gateway",
    "too_many_requests",
    "timeout",
    "drip",
    "truncated",
    "unknown_status",
    "unknown_field",
    "wrong_transaction",
    "wrong_amount",
    "wrong_currency",
]

EventFault = Literal["none", "duplicate", "forged", "tampered", "unknown_reference", "late"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Part):
    """A fault of the next `times` answers of one operation."""

    kind: ApiFault
    """`bad_gateway` and `too_many_requests` come instead of the work; every other kind after it was done."""
    times: int = Field(default=1, ge=1)


class EventControls(_Part):
    """How events travel."""

    url: str = ""
    """Where they are POSTed; empty: nowhere."""
    delay_ms: int = Field(default=0, ge=0)
    duplicates: int = Field(default=0, ge=0, le=100)
    """Extra deliveries of each event, at the same time as the first."""
    reorder: bool = False
    """Every other event is held back for a second, so that the one after it overtakes it."""
    drop_rate: float = Field(default=0, ge=0, le=1)
    """Share of events that never arrive, retries included."""
    uppercase: bool = False
    """Checksums in upper case, as in the documentation; captured traffic is in lower case."""
    clock_rate: float = Field(default=1, gt=0)
    """Divides the pauses before retries: at 3600 the 24 hours are 24 seconds."""


class Controls(_Part):
    """The state of every switch."""

    mode: Literal["sandbox", "production"] = "production"
    """Fixed per transaction when it is created. `sandbox`: the bank's URL appears together with the final status that
    the bank's code stands for. `production`: the URL comes first, the status from the bank page."""
    latency_ms: int = Field(default=0, ge=0)
    """Pause before every answer."""
    error_rate: float = Field(default=0, ge=0, le=1)
    """Share of calls answered by an HTML 502 from the edge, without any work done."""
    progress_delay_ms: int = Field(default=200, ge=0)
    """From creation to the bank's URL (and in `sandbox` mode the result)."""
    hang_ms: int = Field(default=30_000, ge=0)
    """How long an answer with the fault `timeout` is held back."""
    documents_version: int = 1
    """A new number is a new text for the payer to accept: both permalinks change."""
    merchants_by_key: bool = True
    """Whether the older GET /merchants/{public_key} still answers."""
    methods: tuple[str, ...] = ("PSE",)
    """Payment methods that this merchant has enabled."""
    events: EventControls = EventControls()
    force: dict[Operation, Fault] = {}
    """Faults on demand, by operation."""

    def changed(self, changes: Mapping[str, Any]) -> "Controls":
        """These controls with `changes`: what is not named stays; `events` is merged, `force` replaced.

        Raises ValueError if a name or value is unknown.
        """
        merged = {**self.model_dump(), **changes}
        if isinstance(changes.get("events"), Mapping):
            merged["events"] = {**self.events.model_dump(), **changes["events"]}
        return Controls.model_validate(merged)

    def without_one(self, operation: Operation) -> "Controls":
        """These controls after one answer with the fault that `operation` has."""
        fault = self.force[operation]
        rest = {name: other for name, other in self.force.items() if name != operation}
        if fault.times > 1:
            rest[operation] = Fault(kind=fault.kind, times=fault.times - 1)
        return self.model_copy(update={"force": rest})
