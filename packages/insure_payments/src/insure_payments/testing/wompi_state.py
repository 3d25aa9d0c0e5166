"""The memory of the Wompi sandbox: tokens, transactions and their moves. Every method may be called by any thread."""

import copy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from insure_common import clock
from insure_payments.testing.api import Json
from insure_payments.testing.controls import EventFault
from insure_payments.testing.events import Event, EventSender
from insure_payments.testing.state import SandboxState
from insure_payments.testing.wompi_controls import WompiControls
from insure_payments.testing.wompi_events import faulty_events, packed, signed_event, timestamp_text
from insure_payments.testing.wompi_outcomes import Card, Outcome, Status, outcome_of
from insure_payments.testing.wompi_rules import Keys, invalid

MOVES: Mapping[str, tuple[Status, ...]] = {
    "PENDING": ("APPROVED", "DECLINED", "ERROR", "VOIDED"),
    "APPROVED": ("VOIDED",),
}
STATUS_MESSAGES: Mapping[Status, str] = {
    "DECLINED": "Transacción RECHAZADA en Sandbox",
    "ERROR": "Transacción con ERROR en Sandbox",
}
METHOD_MESSAGES: Mapping[tuple[str, Status], str] = {
    ("CARD", "DECLINED"): "La transacción fue rechazada (Sandbox)",
    ("NEQUI", "ERROR"): "Número no válido en Sandbox",
}
RESPONSE_CODES: Mapping[Status, str] = {"APPROVED": "00", "DECLINED": "12"}
"""What a card's network answers, where it was ever seen."""

BANKS: Mapping[str, Mapping[str, str]] = {
    "sandbox": {"1": "Banco que aprueba", "2": "Banco que declina", "3": "Banco que simula un error"},
    "production": {
        "0": "A continuación seleccione su banco",
        "1007": "BANCOLOMBIA",
        "1051": "BANCO DAVIVIENDA",
        "1507": "NEQUI",
    },
}
"""The bank list of each mode; production's begins with a placeholder that is no bank."""

DOCUMENTS = {
    "presigned_acceptance": ("END_USER_POLICY", "reglamento-usuarios"),
    "presigned_personal_data_auth": ("PERSONAL_DATA_AUTH", "autorizacion-datos-personales"),
}


@dataclass
class Record:
    """A transaction as the API shows it, the mode it was created in, what becomes of it, its events, oldest first."""

    transaction: Json
    mode: str
    bank_url: str
    outcome: Outcome
    events: list[Event] = field(default_factory=list)


class State(SandboxState[WompiControls, Record]):
    """Everything one merchant has at Wompi, and the switches of the sandbox."""

    def __init__(self, keys: Keys) -> None:
        super().__init__(controls=WompiControls(), sender=EventSender(packed, user_agent="Faraday v0.15.4"))
        self.keys = keys
        self._records: dict[str, Record] = {}
        self._ids: dict[str, str] = {}
        self._live_tokens: set[str] = set()
        self._used_tokens: set[str] = set()
        self._cards: dict[str, Card] = {}

    def new_documents(self) -> Json:
        """A fresh pair of single-use acceptance tokens with the documents that they stand for."""
        documents = {
            name: {
                "acceptance_token": secrets.token_urlsafe(32),
                "permalink": f"https://wompi.example/{document}-v{self.controls.documents_version}.pdf",
                "type": kind,
            }
            for name, (kind, document) in DOCUMENTS.items()
        }
        with self.lock:
            self._live_tokens.update(document["acceptance_token"] for document in documents.values())
        return documents

    def use_tokens(self, *tokens: str) -> None:
        """Burn a pair, whatever becomes of the request. Raises Refused if one is used or unknown."""
        with self.lock:
            for token in tokens:
                if token in self._used_tokens:
                    raise invalid("acceptance_token", "El token de aceptación ya fue usado")
                if token not in self._live_tokens:
                    raise invalid("acceptance_token", "El token de aceptación es inválido")
            self._live_tokens.difference_update(tokens)
            self._used_tokens.update(tokens)

    def keep_card(self, card: Card) -> None:
        with self.lock:
            self._cards[card.token] = card

    def use_card(self, token: str) -> Card:
        """Raises Refused if the token is unknown or has served twice."""
        with self.lock:
            card = self._cards.get(token)
            if card is None or card.uses_left == 0:
                raise invalid("token", "El token de la tarjeta no es válido")  # ours
            card.uses_left -= 1
            return card

    def find(self, name: str) -> Record | None:
        """By id, the bank's ticket, or reference: the latest with this."""
        with self.lock:
            return self._records.get(self._ids.get(name, name))

    def attempts(self, reference: str) -> list[Json]:
        """Every transaction with this reference as it is now, oldest first."""
        return [transaction for transaction in self.transactions if transaction["reference"] == reference]

    def faulty_events(self, record: Record, fault: EventFault) -> list[Event]:
        return faulty_events(fault, past=record.events, secret=self.keys.events_secret)

    @property
    def transactions(self) -> list[Json]:
        """Every transaction as it is now, oldest first."""
        with self.lock:
            return copy.deepcopy([record.transaction for record in self._records.values()])

    def add(self, body: Json, *, root: str) -> Json:
        """Create the PENDING transaction that a valid request asks for; `root`: where payers reach the bank page.

        Raises Refused for the token of a card that does not serve.
        """
        with self.lock:
            method = body["payment_method"]
            card = self.use_card(method["token"]) if method["type"] == "CARD" else None
            outcome = outcome_of(method, mode=self.controls.mode, card=card)
            if card:
                shown = {name: value for name, value in method.items() if name != "token"}
                body = {**body, "payment_method": {**shown, "extra": card.extra}}
            record = self.begin(body, root=root, outcome=outcome)
            self.sender.call_later(self.controls.progress_delay_ms / 1000, lambda: self._progress(record))
            return copy.deepcopy(record.transaction)

    def begin(self, body: Json, *, outcome: Outcome, root: str = "") -> Record:
        """A PENDING transaction that goes nowhere by itself."""
        now = clock.now()
        with self.lock:
            number = 10_000 + len(self._records)
            transaction_id = f"1{secrets.randbelow(10**6):06}-{int(now.timestamp())}-{number}"
            ticket = transaction_id.replace("-", "")
            transaction = _pending_transaction(body, transaction_id=transaction_id, at=now)
            record = Record(transaction, self.controls.mode, f"{root}/v1/pse/redirect?ticket_id={ticket}", outcome)
            self._records[transaction_id] = record
            self._ids |= {ticket: transaction_id, transaction["reference"]: transaction_id}
            self._remember_event(record)
            return record

    def finish(self, record: Record, status: Status) -> None:
        """Give a transaction its next status and send the event; a move that Wompi does not know changes nothing."""
        with self.lock:
            transaction = record.transaction
            if status not in MOVES.get(transaction["status"], ()):
                return
            transaction["status"] = status
            method = transaction["payment_method_type"]
            transaction["status_message"] = METHOD_MESSAGES.get((method, status)) or STATUS_MESSAGES.get(status)
            transaction["finalized_at"] = timestamp_text(clock.now())
            if method == "CARD" and status in RESPONSE_CODES:
                transaction["payment_method"]["extra"]["processor_response_code"] = RESPONSE_CODES[status]
            if record.outcome.has_page:
                self._show_bank(record)
            event = self._remember_event(record)
        self.sender.send(event, self.controls.events)

    def void(self, record: Record) -> bool:
        """Whether the transaction will be VOIDED: only a card's, approved and not yet settled, that is, of today."""
        with self.lock:
            transaction = record.transaction
            is_voidable = transaction["payment_method_type"] == "CARD" and transaction["status"] == "APPROVED"
            if self.controls.refuse_voids or not is_voidable or not _is_of_today(transaction["finalized_at"]):
                return False
            self.sender.call_later(self.controls.progress_delay_ms / 1000, lambda: self.finish(record, "VOIDED"))
            return True

    def _progress(self, record: Record) -> None:
        """The bank answers Wompi: with a result, or with a page where the payer brings it about."""
        with self.lock:
            if record.outcome.status:
                self.finish(record, record.outcome.status)
            else:
                self._show_bank(record)

    def _show_bank(self, record: Record) -> None:
        extra = record.transaction["payment_method"]["extra"]
        extra["async_payment_url"] = record.bank_url
        # The CUS, which payer and bank quote. Wompi documents no field for it.
        if record.transaction["payment_method_type"] == "PSE":
            extra.setdefault("traceability_code", str(10**8 + secrets.randbelow(9 * 10**8)))

    def _remember_event(self, record: Record) -> Event:
        keys = self.keys
        event = signed_event(
            record.transaction, environment=keys.environment, secret=keys.events_secret, at=clock.now()
        )
        record.events.append(event)
        return event


def _is_of_today(moment: str) -> bool:
    return datetime.fromisoformat(moment).astimezone(clock.BOGOTA).date() == clock.today()


def _pending_transaction(body: Json, *, transaction_id: str, at: datetime) -> Json:
    method = body["payment_method"]
    return {
        "id": transaction_id,
        "created_at": timestamp_text(at),
        "finalized_at": None,
        "amount_in_cents": body["amount_in_cents"],
        "reference": body["reference"],
        "customer_email": body["customer_email"],
        "currency": body["currency"],
        "payment_method_type": method["type"],
        "payment_method": {
            **method,
            "extra": {"is_three_ds": False, "three_ds_auth_type": None, **method.get("extra", {})},
        },
        "status": "PENDING",
        "status_message": None,
        "redirect_url": body.get("redirect_url"),
        "shipping_address": body.get("shipping_address"),
        "payment_source_id": None,
        "payment_link_id": None,
        "customer_data": body.get("customer_data"),
        "billing_data": None,
        "taxes": body.get("taxes") or [],
        "origin": None,
    }
