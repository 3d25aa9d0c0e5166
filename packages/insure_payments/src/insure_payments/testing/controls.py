"""What can be turned on any provider's sandbox: faults of its API and of its events."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

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


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(Part):
    """A fault of the next `times` answers of one operation."""

    kind: ApiFault
    """`bad_gateway` and `too_many_requests` come instead of the work; every other kind after it was done."""
    times: int = Field(default=1, ge=1)


class EventControls(Part):
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
    clock_rate: float = Field(default=1, gt=0)
    """Divides the pauses before retries: at 3600 the 24 hours are 24 seconds."""


Operation = TypeVar("Operation", bound=str)
Events = TypeVar("Events", bound=EventControls)


class Controls(Part, Generic[Operation, Events]):
    """The state of every switch."""

    latency_ms: int = Field(default=0, ge=0)
    """Pause before every answer."""
    error_rate: float = Field(default=0, ge=0, le=1)
    """Share of calls answered by an HTML 502 from the edge, without any work done."""
    hang_ms: int = Field(default=30_000, ge=0)
    """How long an answer with the fault `timeout` is held back."""
    events: Events
    force: dict[Operation, Fault] = {}
    """Faults on demand, by operation."""

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """These controls with `changes`: what is not named stays; `events` is merged, `force` replaced.

        Raises ValueError if a name or value is unknown.
        """
        merged = {**self.model_dump(), **changes}
        if isinstance(changes.get("events"), Mapping):
            merged["events"] = {**self.events.model_dump(), **changes["events"]}
        return self.model_validate(merged)

    def without_one(self, operation: Operation) -> Self:
        """These controls after one answer with the fault that `operation` has."""
        fault = self.force[operation]
        rest = {name: other for name, other in self.force.items() if name != operation}
        if fault.times > 1:
            rest[operation] = Fault(kind=fault.kind, times=fault.times - 1)
        return self.model_copy(update={"force": rest})
