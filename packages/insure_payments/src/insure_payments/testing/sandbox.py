"""What every provider's sandbox offers to the test or the process that owns it."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from insure_payments.testing.api import Json
from insure_payments.testing.controls import EventFault
from insure_payments.testing.events import Delivery
from insure_payments.testing.state import SandboxState

S = TypeVar("S", bound=SandboxState[Any, Any])


class Sandbox(Generic[S]):
    """Methods that may be called from any thread; a provider adds its `app`."""

    def __init__(self, state: S) -> None:
        self._state = state

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver an event, oldest first."""
        return list(self._state.sender.deliveries)

    def control_get(self) -> Json:
        """The state of every switch, in the form that `control_post` takes."""
        controls: Json = self._state.controls.model_dump(mode="json")
        return controls

    def control_post(self, changes: Mapping[str, Any]) -> Json:
        """Turn the switches named in `changes`, answer all. Raises ValueError for unknown names or values."""
        self._state.change_controls(changes)
        return self.control_get()

    def send_event(self, transaction: str, fault: EventFault = "none") -> list[int]:
        """POST an event about a transaction (by id or reference) now; the HTTP status of each delivery.

        `none` and `duplicate` repeat the latest genuine event, once and twice; `late` the genuine one before it, such
        as the one about PENDING; `forged` is signed with another secret; `tampered` says something else under the
        genuine signature; `unknown_reference` is genuine, about a transaction that nobody knows. A status is 0 if
        nobody answered. Blocks until answered. Raises LookupError.
        """
        state = self._state
        events = state.faulty_events(state.found(transaction), fault)
        return [state.sender.post(event, state.controls.events).result() for event in events]
