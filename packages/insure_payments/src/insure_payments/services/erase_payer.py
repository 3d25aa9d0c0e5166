"""Takes a person out of this package's tables. Ledger, receipts and statements stay as they are, by law."""

from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from insure_common.outbox import RetryLater
from insure_integrations.public import erase_calls
from insure_payments.enums import PaymentStatus
from insure_payments.models import Case, Payment, Transaction, WebhookEvent

KEPT_OF_METHOD = {"type", "institution", "person_type", "installments"}
ERASED = {"erased": True}
WAIT_FOR_PAYMENT = timedelta(hours=1)


def erase_payer(*, user_id: Any) -> None:
    """Blank what names the payer in payments, their events, and the logged calls about them.

    Run twice, it changes nothing more. Raises RetryLater while a payment of theirs is under way, which needs the data,
    or over but watched: its provider may still say something new of the payer.
    """
    payments = Payment.objects.filter(user_id=user_id)
    under_way = Q(status__in=[PaymentStatus.CREATED, PaymentStatus.PENDING])
    if payments.filter(under_way | Q(next_poll_at__isnull=False)).exists():
        raise RetryLater(WAIT_FOR_PAYMENT)
    with transaction.atomic():
        for payment in payments.select_for_update(no_key=True).order_by("pk"):
            payment.method = {name: payment.method[name] for name in payment.method if name in KEPT_OF_METHOD}
            payment.client_address, payment.redirect_url = None, ""
            payment.save(update_fields=["method", "client_address", "redirect_url"])
        transactions = Transaction.objects.filter(payment__in=payments)
        transactions.update(message="")
        Case.objects.filter(payment__in=payments).update(note="")
        references = list(payments.values_list("reference", flat=True))
        known = transactions.values_list("provider", "provider_id")
        numbers = [(provider, number) for provider, number in known if number]
        _erase_events(references, numbers)
    erase_calls(mentioning=[*references, *(number for _, number in numbers)])


def _erase_events(references: list[str], numbers: list[tuple[str, str]]) -> None:
    """References are long, and in no other text by chance; a provider's numbers may be short."""
    found = [
        *(Q(told__contains=reference) for reference in references),
        *(Q(provider=provider, transaction_id=number) for provider, number in numbers),
    ]
    if found:
        events = WebhookEvent.objects.annotate(told=Cast("payload", TextField()))
        named = events.filter(reduce(or_, found)).values("pk")
        WebhookEvent.objects.filter(pk__in=named).update(payload=ERASED, raw_body=b"", headers={})
