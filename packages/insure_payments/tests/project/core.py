"""A core system that remembers what it was told."""

from typing import Any, ClassVar

from insure_integrations.public import PaymentReport, ReversalReport


class RememberingCore:
    payments: ClassVar[list[tuple[str, PaymentReport]]] = []
    reversals: ClassVar[list[tuple[str, ReversalReport]]] = []

    def __init__(self, *, system: str, **options: Any) -> None:
        pass

    def report_payment(self, report: PaymentReport, *, idempotency_key: str) -> None:
        self.payments.append((idempotency_key, report))

    def report_reversal(self, report: ReversalReport, *, idempotency_key: str) -> None:
        self.reversals.append((idempotency_key, report))
