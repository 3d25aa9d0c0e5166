"""The memory of the PSE sandbox: sessions and their moves. Every method may be called by any thread."""

import copy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from insure_common import clock
from insure_payments.testing.api import Json
from insure_payments.testing.controls import EventFault
from insure_payments.testing.events import Event, EventSender
from insure_payments.testing.pse_controls import PseControls
from insure_payments.testing.pse_events import faulty_events, packed, signed_event
from insure_payments.testing.pse_rules import Keys, status_of
from insure_payments.testing.state import SandboxState

Status = Literal[
    "PENDING_VALIDATION", "APPROVED", "APPROVED_PARTIAL", "PARTIAL_EXPIRED", "REJECTED", "FAILED", "ERROR", "REFUNDED"
]

MOVES: Mapping[str, tuple[Status, ...]] = {
    "PENDING": ("PENDING_VALIDATION", "APPROVED", "APPROVED_PARTIAL", "REJECTED", "FAILED", "ERROR"),
    "PENDING_VALIDATION": ("APPROVED", "REJECTED", "FAILED", "ERROR"),
    "APPROVED_PARTIAL": ("APPROVED", "PARTIAL_EXPIRED"),
    "PARTIAL_EXPIRED": ("REFUNDED",),
    "APPROVED": ("REFUNDED",),
}
OPEN = ("PENDING", "APPROVED_PARTIAL")
"""In these the payer may still pay."""
UNFINISHED = (*OPEN, "PENDING_VALIDATION")
"""Of these no notification goes out."""
EXPIRED: Mapping[str, Status] = {"PENDING": "REJECTED", "APPROVED_PARTIAL": "PARTIAL_EXPIRED"}

MESSAGES: Mapping[str, tuple[str, str]] = {
    "PENDING": ("PC", "La petición se encuentra activa"),
    "PENDING_VALIDATION": ("PV", "La petición está en validación"),
    "APPROVED": ("00", "La petición ha sido aprobada exitosamente"),
    "APPROVED_PARTIAL": ("P0", "La petición está parcialmente aprobada"),
    "PARTIAL_EXPIRED": ("PX", "La petición está expirada o cancelada y se han realizado pagos"),
    "REJECTED": ("?C", "La petición ha sido cancelada por el usuario"),
    "FAILED": ("XN", "La petición ha fallado en el banco"),
    "ERROR": ("XE", "La petición ha terminado con error"),
    "REFUNDED": ("00", "La petición ha sido reembolsada"),
}


@dataclass
class Record:
    """A session as the API shows it, its page, and the notifications about it so far, oldest first."""

    session: Json
    page_url: str
    events: list[Event] = field(default_factory=list)

    @property
    def status(self) -> str:
        return str(self.session["status"]["status"])


class State(SandboxState[PseControls, Record]):
    """Everything one merchant has at PlaceToPay, and the switches of the sandbox."""

    def __init__(self, keys: Keys) -> None:
        super().__init__(controls=PseControls(), sender=EventSender(packed, user_agent="GuzzleHttp/7"))
        self.keys = keys
        self._records: dict[int, Record] = {}
        self._ids: dict[str, int] = {}

    def find(self, name: str) -> Record | None:
        """By requestId, the latest reference or the token of the page; what has run out by now is so here."""
        with self.lock:
            record = self._records.get(self._ids.get(name, 0))
            if record:
                self._expire(record)
            return record

    def faulty_events(self, record: Record, fault: EventFault) -> list[Event]:
        return faulty_events(fault, past=record.events, secret_key=self.keys.secret_key)

    @property
    def sessions(self) -> list[Json]:
        """Every session as it is now, oldest first."""
        with self.lock:
            return copy.deepcopy([record.session for record in self._records.values()])

    def add(self, body: Json, *, root: str) -> Record:
        """Open the session that a valid request asks for; `root`: where payers reach its page."""
        with self.lock:
            request_id, token = 10_001 + len(self._records), secrets.token_hex(16)
            session = {
                "requestId": request_id,
                "status": status_of("PENDING", *MESSAGES["PENDING"]),
                "request": {name: value for name, value in body.items() if name != "auth"},
                "payment": None,
                "subscription": None,
            }
            record = Record(session, f"{root}/session/{request_id}/{token}")
            self._records[request_id] = record
            self._ids |= {str(request_id): request_id, token: request_id, body["payment"]["reference"]: request_id}
            record.events.append(signed_event(session, secret_key=self.keys.secret_key))
        seconds = (_expiration(record) - clock.now()).total_seconds()
        self.sender.call_later(seconds + 1, lambda: self._expire(record))
        return record

    def finish(self, record: Record, status: Status) -> None:
        """Give a session its next status and notify of an end; a move that PlaceToPay does not know changes nothing.

        A part is half of what is open.
        """
        with self.lock:
            if status in MOVES.get(record.status, ()):
                self._try(record, status)
                self._move(record, status)

    def refuse_try(self, record: Record) -> None:
        """A try that the bank refused, in a session that goes on."""
        with self.lock:
            self._try(record, "REJECTED")

    def _expire(self, record: Record) -> None:
        with self.lock:
            if record.status in EXPIRED and clock.now() >= _expiration(record):
                self._move(record, EXPIRED[record.status])

    def _move(self, record: Record, status: Status) -> None:
        record.session["status"] = status_of(status, *MESSAGES[status])
        event = signed_event(record.session, secret_key=self.keys.secret_key)
        record.events.append(event)
        if status not in UNFINISHED:
            self.sender.send(event, self.controls.events)

    def _try(self, record: Record, status: Status) -> None:
        """What a try at a bank leaves behind in the session."""
        if status not in ("APPROVED", "APPROVED_PARTIAL", "REJECTED", "FAILED", "ERROR"):
            return
        asked = record.session["request"]["payment"]["amount"]
        tries = record.session["payment"] or []
        paid = sum(Decimal(one["amount"]["to"]["total"]) for one in tries if one["status"]["status"] == "APPROVED")
        total = Decimal(str(asked["total"])) - paid
        if status == "APPROVED_PARTIAL":
            total //= 2
        amount = {"currency": asked["currency"], "total": f"{total:.2f}"}
        own_status = "APPROVED" if status.startswith("APPROVED") else status
        one_try = {
            "status": status_of(own_status, *MESSAGES[own_status]),
            "internalReference": 10**9 + secrets.randbelow(10**8),
            "paymentMethod": "pse",
            "paymentMethodName": "Débito PSE",
            "issuerName": "BANCO DE PRUEBAS",
            "amount": {"from": amount, "to": amount, "factor": 1},
            "authorization": "000000",
            "reference": record.session["request"]["payment"]["reference"],
            "receipt": str(secrets.randbelow(10**10)),
            "franchise": "_PSE_",
            "refunded": False,
            "processorFields": [
                {
                    "keyword": "trazabilityCode",
                    "value": str(10**8 + secrets.randbelow(9 * 10**8)),
                    "displayOn": "none",
                }
            ],
        }
        record.session["payment"] = [*tries, one_try]


def _expiration(record: Record) -> datetime:
    return datetime.fromisoformat(record.session["request"]["expiration"])
