"""What is kept how long, and what erasing a payer leaves."""

from datetime import timedelta

import pytest

from insure_common.outbox import RetryLater
from insure_integrations.models import ExternalCall
from insure_integrations.testing.factories import make_external_call
from insure_payments.enums import PaymentStatus, TransactionStatus
from insure_payments.models import Entry, Line, Payment, WebhookEvent
from insure_payments.public import purge
from insure_payments.services.erase_payer import erase_payer
from insure_payments.services.receive_webhook import receive_webhook
from insure_payments.services.settle_payment import settle_payment

pytestmark = pytest.mark.django_db

EVENT = b'{"secret": "right", "key": "k1", "id": "T-1", "customer_email": "maria@example.com"}'


@pytest.fixture
def settled(opened, provider):
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    receive_webhook(provider="WOMPI", headers={"User-Agent": "wompi"}, body=EVENT)
    make_external_call(system="WOMPI", request={"body": {"reference": opened.reference}})
    opened.refresh_from_db()
    return opened


def test_erased_payer_is_in_no_payment_event_or_logged_call(settled, user):
    posted = list(Entry.objects.values()), list(Line.objects.values())
    for _ in range(2):
        erase_payer(user_id=user.pk)
    payment, event = Payment.objects.get(), WebhookEvent.objects.get()
    assert payment.method == {"type": "PSE", "institution": "1", "person_type": "NATURAL"}
    assert (payment.client_address, payment.redirect_url) == (None, "")
    assert (event.payload, bytes(event.raw_body), event.headers) == ({"erased": True}, b"", {})
    assert ExternalCall.objects.get().request == {"erased": True}
    assert (list(Entry.objects.values()), list(Line.objects.values())) == posted


def test_payment_of_an_erased_payer_can_still_be_read(settled, user, api):
    erase_payer(user_id=user.pk)
    api.force_authenticate(user)
    shown = api.get(f"/api/v1/payments/{settled.pk}/").json()
    assert (shown["status"], "id_number" in shown["method"]) == ("APPROVED", False)


@pytest.mark.parametrize("status", [PaymentStatus.PENDING, PaymentStatus.EXPIRED])
def test_payer_is_not_erased_while_the_provider_may_say_more(opened, user, status):
    Payment.objects.filter(pk=opened.pk).update(status=status, failure_reason="")
    with pytest.raises(RetryLater):
        erase_payer(user_id=user.pk)
    opened.refresh_from_db()
    assert opened.method["id_number"]


def test_events_are_deleted_after_their_time(settled, clock):
    clock.travel(timedelta(days=179))
    assert purge() == 0
    clock.travel(timedelta(days=2))
    assert purge() == 1
    assert not WebhookEvent.objects.exists()
