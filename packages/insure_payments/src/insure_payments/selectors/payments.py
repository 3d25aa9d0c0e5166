"""Payments, receipts and webhook events."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from insure_payments.models import Allocation, Payment, Receipt, WebhookEvent


def all_payments() -> QuerySet[Payment]:
    """Everybody's payments, with all that an answer shows: for operators."""
    allocations = Allocation.objects.select_related("charge").order_by("charge__due_date", "charge_id")
    return Payment.objects.select_related("receipt").prefetch_related(Prefetch("allocations", allocations))


def payments_visible_to(user: Any) -> QuerySet[Payment]:
    """A user's own payments."""
    return all_payments().filter(user_id=user.pk)


def receipt_visible_to(user: Any, payment_id: Any) -> Receipt | None:
    """The rendered receipt of a user's own payment."""
    receipts = Receipt.objects.filter(payment_id=payment_id, payment__user_id=user.pk)
    return receipts.exclude(path="").first()


def webhook_events() -> QuerySet[WebhookEvent]:
    """All events, without their raw bodies."""
    return WebhookEvent.objects.defer("raw_body")


def find_payment(text: str) -> Payment | None:
    """A payment by its reference or id, with its transactions: for operators."""
    try:
        named = Q(pk=UUID(text))
    except ValueError:
        named = Q(reference=text)
    return all_payments().filter(named).prefetch_related("transactions").first()
