"""Ask again about every payment that is not final: events get lost."""

from uuid import UUID

from django.db import transaction

from insure_common import clock, outbox
from insure_payments.models import Payment
from insure_payments.services.payment_state import schedule_next_poll

BATCH = 500


def sweep_pending_payments(*, limit: int = BATCH) -> list[UUID]:
    """Enqueue a question to the provider for each payment that is due for one; returns their ids."""
    with transaction.atomic():
        due = Payment.objects.filter(next_poll_at__lte=clock.now()).order_by("next_poll_at")
        payments = list(due.select_for_update(no_key=True, skip_locked=True)[:limit])
        for payment in payments:
            schedule_next_poll(payment)
            outbox.enqueue("insure_payments.tasks.refresh_payment_task", payload={"payment_id": payment.pk})
        Payment.objects.bulk_update(payments, ["next_poll_at", "polls"])
    return [payment.pk for payment in payments]
