"""Ask the provider about one of its own transactions, whether we know it or not."""

from insure_payments.gateways.base import GatewayTransaction, gateway
from insure_payments.models import Payment, Transaction
from insure_payments.services.settle_payment import settle_payment


def refresh_transaction(*, provider: str, provider_id: str) -> GatewayTransaction:
    """Settle the payment that a transaction belongs to by what the provider answers, and return the answer.

    The payment is the one that is known to have it, otherwise that of its reference. Without a payment nothing changes.
    Raises GatewayUnavailable, and GatewayRefused if the provider does not know the transaction.
    """
    reported = gateway(provider).fetch(provider_id)
    known = Transaction.objects.filter(provider=provider, provider_id=provider_id).values_list("payment", flat=True)
    named = Payment.objects.filter(provider=provider, reference=reported.reference).values_list("pk", flat=True)
    payment_id = known.first() or named.first()
    if payment_id is not None:
        settle_payment(payment_id=payment_id, reported=reported, asked_id=provider_id)
    return reported
