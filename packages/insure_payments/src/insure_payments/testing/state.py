"""What every provider's sandbox remembers. Every method may be called by any thread."""

import threading
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from insure_payments.testing.controls import ApiFault, Controls
from insure_payments.testing.events import EventSender

C = TypeVar("C", bound=Controls[Any, Any])


class SandboxState(Generic[C]):
    """The switches of a sandbox and the sender of its events; a provider adds its own memory."""

    def __init__(self, *, controls: C, sender: EventSender) -> None:
        self.controls = controls
        self.sender = sender
        self.lock = threading.RLock()

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
