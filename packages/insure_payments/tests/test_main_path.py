"""A client pays a premium by PSE: the real gateway, both sandboxes over HTTP, signed events, mail by SMTP."""

from datetime import timedelta

import httpx
import pytest

from insure_common.ids import new_id
from insure_integrations.public import request_sync
from insure_payments.enums import EntryKind, PaymentStatus, WebhookStatus
from insure_payments.models import Entry, Payment, Receipt, WebhookEvent
from insure_payments.public import verify_ledger
from insure_payments.services.sweep_payments import sweep_pending_payments
from insure_payments.testing import factories

# The gateway's client refuses to call out while a transaction is open.
pytestmark = pytest.mark.django_db(transaction=True)

ROOT = "/api/v1"


@pytest.fixture
def payment(wompi, casse, user, api, drain_outbox):
    """Started over the API for a charge that the sync has brought, and opened at Wompi."""
    casse.add_holder(id_type="CC", id_number=user.id_number, full_name=user.full_name, email=user.email)
    request_sync(job="casse.charges")
    drain_outbox()
    api.force_authenticate(user)
    assert api.get(f"{ROOT}/payment-methods/").status_code == 503
    drain_outbox()
    documents = [document["permalink"] for document in api.get(f"{ROOT}/payment-methods/").json()["accepted_documents"]]
    body = {
        "charge_ids": [api.get(f"{ROOT}/charges/").json()["results"][0]["id"]],
        "method": {
            **factories.METHOD,
            "institution": api.get(f"{ROOT}/pse/institutions/").json()["results"][0]["code"],
        },
        "accepted_documents": documents,
    }
    answer = api.post(f"{ROOT}/payments/", body, headers={"Idempotency-Key": str(new_id())})
    assert answer.status_code == 202, answer.json()
    drain_outbox()
    return Payment.objects.get(pk=answer.json()["id"])


def wait_for_bank(payment, drain_outbox, clock):
    clock.travel(timedelta(seconds=2))
    drain_outbox()
    payment.refresh_from_db()
    return payment.redirect_url


def test_premium_is_paid_end_to_end(payment, user, wompi, casse, mailbox, api, settle, drain_outbox, clock):
    page = httpx.get(wait_for_bank(payment, drain_outbox, clock))
    assert page.status_code == 200
    wompi.finish(payment.reference, "APPROVED")
    settle(payment)
    drain_outbox()
    shown = api.get(f"{ROOT}/payments/{payment.pk}/").json()
    assert shown["status"] == "APPROVED"
    assert shown["receipt"]["sha256"]
    assert api.get(f"{ROOT}/account/").json()["balance"]["amount_in_cents"] == 0
    assert api.get(f"{ROOT}/charges/").json()["results"][0]["status"] == "PAID"
    (told,) = casse.payments.values()
    assert told.reference == payment.reference
    assert mailbox.messages(to=user.email)[0]["attachments"]
    assert verify_ledger().problems == []


def test_three_events_out_of_order_post_once(payment, wompi, settle, drain_outbox):
    wompi.finish(payment.reference, "APPROVED")
    settle(payment)
    for fault in ("late", "duplicate", "none"):
        assert set(wompi.send_event(payment.reference, fault)) == {200}
    drain_outbox()
    assert Entry.objects.filter(kind=EntryKind.PAYMENT).count() == Receipt.objects.count() == 1
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {WebhookStatus.PROCESSED}


@pytest.mark.parametrize("fault", ["forged", "tampered"])
def test_forged_event_stores_nothing(payment, wompi, fault):
    events = WebhookEvent.objects.count()
    assert wompi.send_event(payment.reference, fault) == [401]
    assert WebhookEvent.objects.count() == events


def test_lost_event_is_made_up_for(payment, wompi, settle, clock):
    wompi.control_post({"events": {**wompi.control_get()["events"], "drop_rate": 1}})
    wompi.finish(payment.reference, "APPROVED")
    clock.travel(timedelta(seconds=61))
    sweep_pending_payments()
    assert settle(payment).status == PaymentStatus.APPROVED
    assert not WebhookEvent.objects.exists()


def test_transaction_opened_by_a_call_that_timed_out_is_found(payment, wompi, settle, user, clock, drain_outbox):
    """A second payment, whose opening gets no answer: Wompi has it under its reference."""
    wompi.control_post({"hang_ms": 200, "force": {"create": {"kind": "truncated"}}})
    charge = factories.make_charge(user=user)
    documents = payment.accepted_documents
    second = factories.make_payment(user=user, charges=[charge], method=payment.method, accepted_documents=documents)
    drain_outbox()
    second.refresh_from_db()
    assert second.transactions.get().status == "UNKNOWN"
    wompi.finish(second.reference, "APPROVED")
    clock.travel(timedelta(seconds=2))
    assert settle(second).status == PaymentStatus.APPROVED
    assert sum(row["reference"] == second.reference for row in wompi.transactions) == 1
