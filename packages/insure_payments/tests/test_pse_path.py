"""A client pays premiums at PlaceToPay, beside Wompi: the real gateways, the sandboxes over HTTP, mail by SMTP."""

from datetime import timedelta

import httpx
import pytest

from insure_common.ids import new_id
from insure_common.testing.http import serve
from insure_integrations.public import request_sync
from insure_payments.enums import EntryKind, FailureReason, PaymentStatus, TransactionStatus, WebhookStatus
from insure_payments.models import ChargeHold, Entry, Payment, Receipt, WebhookEvent
from insure_payments.public import refresh_outdated_catalogs, verify_ledger
from insure_payments.services.open_payment import open_payment
from insure_payments.services.sweep_payments import sweep_pending_payments
from insure_payments.testing import factories
from insure_payments.testing.pse import PseSandbox

# The gateways' clients refuse to call out while a transaction is open.
pytestmark = pytest.mark.django_db(transaction=True)

ROOT = "/api/v1"
METHOD = {"type": "PSE", "id_type": "CC", "id_number": "1099888777"}


@pytest.fixture
def pse(settings, live_server, wompi):
    """PlaceToPay's sandbox over HTTP, beside Wompi's, whose notifications reach this service."""
    sandbox = PseSandbox()
    sandbox.control_post({"events": {"url": f"{live_server.url}{ROOT}/webhooks/pse/"}})
    with serve(sandbox.app) as url:
        options = {"environment": "test", "base_url": url, **sandbox.keys}
        adapter = {"gateway": "insure_payments.gateways.pse.PseGateway", **options}
        gateways = {**settings.INSURE_PAYMENTS["GATEWAYS"], "PSE": adapter}
        settings.INSURE_PAYMENTS = {**settings.INSURE_PAYMENTS, "GATEWAYS": gateways}
        yield sandbox


@pytest.fixture
def start(user, pse):
    """Start a payment of a new charge at PlaceToPay."""

    def start(**fields):
        charge = factories.make_charge(user=user)
        values = {"provider": "PSE", "method": METHOD, "accepted_documents": [], **fields}
        return factories.make_payment(user=user, charges=[charge], **values)

    return start


@pytest.fixture
def payment(start, drain_outbox):
    """Opened at PlaceToPay."""
    payment = start()
    drain_outbox()
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PENDING
    return payment


def press(payment, outcome):
    assert httpx.post(f"{payment.redirect_url}/{outcome}", trust_env=False).status_code == 303


def test_both_providers_are_paid_side_by_side(user, casse, mailbox, api, drain_outbox, settle, clock, pse, wompi):
    casse.add_holder(id_type="CC", id_number=user.id_number, full_name=user.full_name, email=user.email)
    request_sync(job="casse.charges")
    drain_outbox()
    api.force_authenticate(user)
    own = str(factories.make_charge(user=user, system="BRANCH").pk)
    refresh_outdated_catalogs()
    drain_outbox()
    offer = api.get(f"{ROOT}/payment-methods/").json()
    needs = [(one["provider"], one["needs"]) for one in offer["methods"] if one["type"] == "PSE"]
    assert needs == [
        ("WOMPI", ["institution", "person_type", "id_type", "id_number"]),
        ("PSE", ["id_type", "id_number"]),
    ]
    documents = [document["permalink"] for document in offer["accepted_documents"]]
    [of_casse] = {one["id"] for one in api.get(f"{ROOT}/charges/").json()["results"]} - {own}
    bank = api.get(f"{ROOT}/pse/institutions/").json()["results"][0]["code"]
    bodies = {
        "WOMPI": {
            "charge_ids": [own],
            "method": {**factories.METHOD, "institution": bank},
            "accepted_documents": documents,
        },
        "PSE": {"charge_ids": [of_casse], "method": METHOD},
    }
    payments = {}
    for provider, body in bodies.items():
        request = {"provider": provider, **body}
        answer = api.post(f"{ROOT}/payments/", request, headers={"Idempotency-Key": str(new_id())})
        assert answer.status_code == 202, answer.json()
        payments[provider] = Payment.objects.get(pk=answer.json()["id"])
    drain_outbox()
    clock.travel(timedelta(seconds=2))
    drain_outbox()
    for payment in payments.values():
        payment.refresh_from_db()
        assert httpx.get(payment.redirect_url, trust_env=False).status_code == 200
    wompi.finish(payments["WOMPI"].reference, "APPROVED")
    press(payments["PSE"], "aprobar")
    for payment in payments.values():
        settle(payment)
    drain_outbox()
    for payment in payments.values():
        shown = api.get(f"{ROOT}/payments/{payment.pk}/").json()
        assert (shown["status"], shown["provider"]) == ("APPROVED", payment.provider)
        assert shown["receipt"]["sha256"]
    assert api.get(f"{ROOT}/account/").json()["balance"]["amount_in_cents"] == 0
    assert [told.reference for told in casse.payments.values()] == [payments["PSE"].reference]
    assert sum(bool(message["attachments"]) for message in mailbox.messages(to=user.email)) == 2
    assert verify_ledger().problems == []


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("aprobar", PaymentStatus.APPROVED),
        ("rechazar", PaymentStatus.DECLINED),
        ("error", PaymentStatus.ERROR),
    ],
)
def test_what_the_payer_decides_on_the_page_reaches_the_payment(payment, settle, outcome, status):
    press(payment, outcome)
    assert settle(payment).status == status
    assert WebhookEvent.objects.get().status == WebhookStatus.PROCESSED
    assert ChargeHold.objects.count() == 0


def test_events_twice_late_and_out_of_order_post_once(payment, pse, settle, drain_outbox):
    pse.control_post({"events": {"duplicates": 2, "sha256": True}})
    press(payment, "aprobar")
    settle(payment)
    for fault in ("late", "duplicate", "none"):
        assert set(pse.send_event(payment.reference, fault)) == {200}
    drain_outbox()
    assert Entry.objects.filter(kind=EntryKind.PAYMENT).count() == Receipt.objects.count() == 1
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {WebhookStatus.PROCESSED}
    assert payment.transactions.get().trace_code


@pytest.mark.parametrize("fault", ["forged", "tampered"])
def test_forged_event_stores_nothing(payment, pse, fault):
    assert pse.send_event(payment.reference, fault) == [401]
    assert not WebhookEvent.objects.exists()


def test_unreadable_event_is_a_400_and_one_of_a_provider_that_is_not_configured_a_404(settings, client, pse):
    path = f"{ROOT}/webhooks/pse/"
    answer = client.post(path, b'{"requestId": 1}', content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_notification")
    gateways = settings.INSURE_PAYMENTS["GATEWAYS"]
    settings.INSURE_PAYMENTS = {**settings.INSURE_PAYMENTS, "GATEWAYS": {"WOMPI": gateways["WOMPI"]}}
    assert client.post(path, b"{}", content_type="application/json").status_code == 404


def test_event_of_an_unknown_session_changes_nothing(payment, pse, drain_outbox):
    assert pse.send_event(payment.reference, "unknown_reference") == [200]
    drain_outbox()
    assert WebhookEvent.objects.get().status == WebhookStatus.FAILED
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PENDING


def test_lost_event_is_made_up_for(payment, pse, settle, clock):
    pse.control_post({"events": {"drop_rate": 1}})
    press(payment, "aprobar")
    clock.travel(timedelta(seconds=61))
    sweep_pending_payments()
    assert settle(payment).status == PaymentStatus.APPROVED
    assert not WebhookEvent.objects.exists()


def test_refund_takes_the_money_back(payment, pse, settle, drain_outbox, clock):
    press(payment, "aprobar")
    settle(payment)
    # A second's resolution is all that PlaceToPay's dates have.
    clock.travel(timedelta(seconds=1))
    pse.finish(payment.reference, "REFUNDED")
    while payment.status == PaymentStatus.APPROVED:
        drain_outbox()
        payment.refresh_from_db()
    assert payment.status == PaymentStatus.VOIDED
    assert verify_ledger().problems == []


def test_half_paid_session_is_posted_once_when_it_ends(payment, pse, drain_outbox, settle):
    pse.finish(payment.reference, "APPROVED_PARTIAL")
    assert pse.send_event(payment.reference) == [200]
    drain_outbox()
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PENDING
    pse.finish(payment.reference, "PARTIAL_EXPIRED")
    settle(payment)
    assert (payment.status, payment.settled_in_cents) == (PaymentStatus.APPROVED, payment.amount_in_cents // 2)
    assert verify_ledger().problems == []


@pytest.mark.parametrize(("fault", "mismatch"), [("wrong_transaction", "id"), ("wrong_currency", "currency")])
def test_answer_about_something_else_is_quarantined(payment, pse, drain_outbox, clock, fault, mismatch):
    pse.control_post({"events": {"drop_rate": 1}, "force": {"read": {"kind": fault}}})
    press(payment, "aprobar")
    clock.travel(timedelta(seconds=61))
    sweep_pending_payments()
    drain_outbox(reraise=False)
    assert payment.transactions.get().mismatch == mismatch
    assert not Entry.objects.filter(kind=EntryKind.PAYMENT).exists()


def test_bank_is_what_the_page_says_not_what_a_client_says(user, charge, api, pse):
    api.force_authenticate(user)
    body = {"charge_ids": [str(charge.pk)], "provider": "PSE", "method": factories.METHOD}
    answer = api.post(f"{ROOT}/payments/", body, headers={"Idempotency-Key": str(new_id())})
    assert answer.status_code == 202
    assert answer.json()["method"] == {"type": "PSE", "id_type": "CC", "id_number": "****8777"}


# Openings whose answer was lost


@pytest.fixture
def lost(start, pse, drain_outbox):
    """PlaceToPay has opened a session, but its answer, with the page's address, never came."""
    pse.control_post({"force": {"create": {"kind": "truncated"}}})
    lost = start()
    drain_outbox()
    lost.refresh_from_db()
    assert (lost.status, lost.redirect_url) == (PaymentStatus.PENDING, "")
    assert lost.transactions.get().status == TransactionStatus.UNKNOWN
    return lost


def test_lost_opening_keeps_its_charge_and_is_never_repeated(lost, pse, drain_outbox, clock, user, api):
    for minutes in (1, 5, 30):
        clock.travel(timedelta(minutes=minutes))
        sweep_pending_payments()
        drain_outbox(reraise=False)
    open_payment(payment_id=lost.pk)
    lost.refresh_from_db()
    assert lost.transactions.get().status == TransactionStatus.UNKNOWN
    assert len(pse.sessions) == 1
    api.force_authenticate(user)
    body = {
        "charge_ids": [str(ChargeHold.objects.get().charge_id)],
        "provider": "PSE",
        "method": METHOD,
    }
    answer = api.post(f"{ROOT}/payments/", body, headers={"Idempotency-Key": str(new_id())})
    assert (answer.status_code, answer.json()["code"]) == (409, "charge_in_payment")


def test_lost_opening_ends_with_its_payment_and_so_does_its_session(lost, pse, drain_outbox, clock):
    clock.travel(timedelta(minutes=61))
    sweep_pending_payments()
    drain_outbox(reraise=False)
    lost.refresh_from_db()
    assert (lost.status, lost.failure_reason) == (PaymentStatus.ERROR, FailureReason.PROVIDER_UNAVAILABLE)
    assert not ChargeHold.objects.exists()
    assert lost.next_poll_at is None
    # Whoever finds the page after all finds it closed.
    page = pse._state.found(lost.reference).page_url
    assert "<form" not in httpx.get(page, trust_env=False).text


def test_event_of_a_lost_session_gives_its_attempt_a_name(lost, pse, settle):
    """Money that came against all odds is posted to the attempt that was waiting, not to another one."""
    pse.finish(lost.reference, "APPROVED")
    assert settle(lost).status == PaymentStatus.APPROVED
    attempt = lost.transactions.get()
    assert (attempt.status, attempt.provider_id) == (TransactionStatus.APPROVED, str(pse.sessions[0]["requestId"]))
    assert verify_ledger().problems == []
