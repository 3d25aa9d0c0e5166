"""What every provider's sandbox remembers. Every method may be called by any thread."""

import threading
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from insure_payments.testing.controls import ApiFault, Controls, EventFault
from insure_payments.testing.events import Event, EventSender

C = TypeVar("C", bound=Controls[Any, Any])
R = TypeVar("R")


class SandboxState(Generic[C, R]):
    """The switches of a sandbox and the sender of its events; a provider adds its own memory of records."""

    def __init__(self, *, controls: C, sender: EventSender) -> None:
        self.controls = controls
        self.sender = sender
        self.lock = threading.RLock()

    def find(self, name: str) -> R | None:
        """The transaction with this id, reference, or other name that the provider has for it."""
        raise NotImplementedError

    def found(self, name: str) -> R:
        """The transaction that must exist. Raises LookupError."""
        record = self.find(name)
        if record is None:
            raise LookupError(f"no transaction {name!r}")
        return record

    def faulty_events(self, record: R, fault: EventFault) -> list[Event]:
        """The events to send for `fault`. Raises ValueError if there is no such fault."""
        raise NotImplementedError

    def change_controls(self, changes: Mapping[str, Any]) -> None:
        with self.lock:
            self.controls = self.controls.changed(changes)

    def take_fault(self, operation: str) -> ApiFault | None:
        """The fault that the next answer of `operation` must have; counted as given."""
        with self.lock:
            fault = self.controls.force.get(operation)
            if fault is None:
                return None
            self.controls = self.controls.without_one(operation)
            return fault.kind
