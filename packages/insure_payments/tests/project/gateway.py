"""A provider that answers what a test tells it to: for the faults that no honest sandbox shows."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from insure_payments.enums import PaymentMethod, TransactionStatus
from insure_payments.gateways.base import (
    AcceptedDocument,
    GatewayRefused,
    GatewayTransaction,
    HostedPage,
    Institution,
    InvalidSignature,
    Notification,
    OpenRequest,
    TransactionPage,
)


class ScriptedGateway:
    """State is on the class: the services make a new instance for each call. `failures` are raised once each."""

    provider = "WOMPI"
    methods = tuple(PaymentMethod)
    asks_itself: tuple[str, ...] = ()
    transactions: dict[str, GatewayTransaction] = {}
    opened: list[OpenRequest] = []
    failures: dict[str, list[Exception]] = {}
    voided: list[str] = []

    def __init__(self, **options: Any) -> None:
        self.options = options

    @classmethod
    def configuration_problems(cls, **options: Any) -> list[str]:
        return []

    @classmethod
    def reset(cls) -> None:
        cls.transactions, cls.opened, cls.failures, cls.voided = {}, [], {}, []

    @classmethod
    def report(cls, number: str, **changes: Any) -> GatewayTransaction:
        """Change what the provider says of a transaction, which starts as a copy of T-1, and return it."""
        known = cls.transactions.get(number, replace(cls.transactions["T-1"], provider_id=number))
        cls.transactions[number] = replace(known, **changes)
        return cls.transactions[number]

    def _called(self, operation: str) -> None:
        if failures := self.failures.get(operation):
            raise failures.pop(0)

    def list_methods(self) -> list[PaymentMethod]:
        return list(self.methods)

    def list_institutions(self) -> list[Institution]:
        self._called("list_institutions")
        return [Institution("1", "Banco que aprueba"), Institution("2", "Banco que declina")]

    def accepted_documents(self) -> list[AcceptedDocument]:
        self._called("accepted_documents")
        return [AcceptedDocument("END_USER_POLICY", "https://wompi.example/policy.pdf")]

    def open(self, request: OpenRequest) -> GatewayTransaction | HostedPage:
        self.opened.append(request)
        number = f"T-{len(self.opened)}"
        self._called("open")
        if request.method["type"] == PaymentMethod.CHECKOUT:
            return HostedPage(f"https://checkout.example/{request.reference}")
        self.transactions[number] = GatewayTransaction(
            provider="WOMPI",
            provider_id=number,
            reference=request.reference,
            status=TransactionStatus.PENDING,
            amount_in_cents=request.amount_in_cents,
            currency=request.currency,
            environment="test",
            redirect_url=f"https://bank.example/{number}",
        )
        self._called("open_answer")
        return self.transactions[number]

    def fetch(self, provider_id: str) -> GatewayTransaction:
        self._called("fetch")
        if provider_id not in self.transactions:
            raise GatewayRefused("unknown transaction")
        return self.transactions[provider_id]

    def find_by_reference(self, reference: str) -> list[GatewayTransaction]:
        self._called("find_by_reference")
        return [found for found in self.transactions.values() if found.reference == reference]

    def list_transactions(self, day: date, cursor: str | None) -> TransactionPage:
        """Two at a time; the day of a transaction is not looked at."""
        self._called("list_transactions")
        start, found = int(cursor or 0), list(self.transactions.values())
        return TransactionPage(found[start : start + 2], str(start + 2) if start + 2 < len(found) else None)

    def void(self, provider_id: str) -> None:
        self.voided.append(provider_id)
        self._called("void")

    def parse_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        event = json.loads(body)
        if event.get("secret") != "right":
            raise InvalidSignature
        return Notification(
            event_key=event["key"],
            event_name="transaction.updated",
            provider_id=event["id"],
            environment=event.get("environment", "test"),
            payload=event,
        )
