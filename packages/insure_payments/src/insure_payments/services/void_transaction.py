"""Take back money that the provider, or the bank, has returned, under the payment's lock."""

from insure_audit.public import record
from insure_common import outbox
from insure_payments.enums import TransactionStatus
from insure_payments.models import Payment, Transaction
from insure_payments.services.allocate import release
from insure_payments.services.cases import end_void, review_credit
from insure_payments.services.post_entry import post_entry, reversal_of
from insure_payments.services.report_payment import request_report


def void_transaction(payment: Payment, voided: Transaction) -> None:
    """Reverse the posting, reopen the charges that it paid and tell everybody who was told; the caller saves both."""
    assert voided.entry is not None  # a check constraint holds it for every approved transaction
    payment.settled_in_cents -= voided.amount_in_cents
    release(payment, keep_in_cents=max(0, payment.kept_in_cents))
    post_entry(reversal_of(voided.entry, source=voided.provider, external_id=str(voided.provider_id)))
    voided.status = TransactionStatus.VOIDED
    review_credit(payment)
    end_void(payment, voided)
    record(
        "payments.payment_reversed",
        target_type="insure_payments.payment",
        target_id=payment.pk,
        metadata={"provider": voided.provider, "provider_id": voided.provider_id},
    )
    request_report([payment.pk])
    outbox.emit(
        "payment_reversed",
        payload={
            "payment_id": payment.pk,
            "user_id": payment.user_id,
            "amount_in_cents": voided.amount_in_cents,
            "currency": voided.currency,
        },
    )
