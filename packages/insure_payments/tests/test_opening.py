"""From CREATED to a transaction at the provider, whatever goes wrong on the way, and the questions asked afterwards."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection

from insure_common.models import OutboxMessage
from insure_payments.enums import FailureReason, PaymentStatus, TransactionStatus
from insure_payments.gateways.base import AcceptanceOutdated, GatewayRefused, GatewayUnavailable
from insure_payments.models import Charge, ChargeHold, ProviderCatalog
from insure_payments.services.open_payment import open_payment
from insure_payments.services.sweep_payments import sweep_pending_payments
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(user, charge):
    return factories.make_payment(user=user, charges=[charge])


def test_provider_gets_what_the_payment_says(opened, provider, user):
    (request,) = provider.opened
    assert (request.amount_in_cents, request.taxes_in_cents) == (11_900_000, 1_900_000)
    assert (request.customer_email, request.customer_name) == (user.email, user.full_name)
    assert request.reference == opened.reference
    assert opened.transactions.get().status == TransactionStatus.PENDING


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (AcceptanceOutdated(), FailureReason.ACCEPTANCE_OUTDATED),
        (GatewayRefused("no"), FailureReason.PROVIDER_REFUSED),
    ],
)
def test_refused_payment_fails_and_releases_its_charge(started, provider, drain_outbox, failure, reason):
    provider.failures["open"] = [failure]
    drain_outbox()
    started.refresh_from_db()
    assert (started.status, started.failure_reason) == (PaymentStatus.ERROR, reason)
    assert not ChargeHold.objects.exists()
    assert started.next_poll_at is None


def test_outdated_acceptance_brings_the_new_documents(started, provider, drain_outbox):
    provider.failures["open"] = [AcceptanceOutdated()]
    drain_outbox()
    assert ProviderCatalog.objects.exists()


def test_request_that_did_not_leave_is_sent_again(started, provider, drain_outbox, clock):
    provider.failures["open"] = [GatewayUnavailable("refused", sent=False)]
    drain_outbox()
    started.refresh_from_db()
    assert started.status == PaymentStatus.CREATED
    clock.travel(timedelta(seconds=6))
    drain_outbox()
    started.refresh_from_db()
    assert started.status == PaymentStatus.PENDING


def test_unreachable_provider_is_given_up_at_last(started, provider, drain_outbox, clock):
    provider.failures["open"] = [GatewayUnavailable("refused", sent=False) for _ in range(2)]
    drain_outbox()
    clock.travel(timedelta(minutes=6))
    drain_outbox()
    started.refresh_from_db()
    assert (started.status, started.failure_reason) == (PaymentStatus.ERROR, FailureReason.PROVIDER_UNAVAILABLE)


def test_time_out_is_settled_by_the_reference(started, provider, drain_outbox, clock):
    """The provider opened the transaction, but its answer never came: it is found, never opened again."""
    provider.failures["open_answer"] = [GatewayUnavailable("time-out", sent=True)]
    drain_outbox()
    started.refresh_from_db()
    assert started.status == PaymentStatus.PENDING
    assert started.transactions.get().status == TransactionStatus.UNKNOWN
    clock.travel(timedelta(seconds=2))
    drain_outbox()
    started.refresh_from_db()
    assert started.transactions.get().provider_id == "T-1"
    assert started.redirect_url == "https://bank.example/T-1"
    assert len(provider.opened) == 1


def test_time_out_that_never_arrived_ends_in_error(started, provider, drain_outbox, clock):
    provider.failures["open"] = [GatewayUnavailable("time-out", sent=True)]
    drain_outbox()
    last = OutboxMessage.objects.get(dedupe_key=f"insure_payments.opening:{started.pk}")
    assert last.due_at - started.created_at < timedelta(minutes=5, seconds=10)
    clock.travel(timedelta(minutes=6))
    drain_outbox()
    started.refresh_from_db()
    assert (started.status, started.failure_reason) == (PaymentStatus.ERROR, FailureReason.PROVIDER_UNAVAILABLE)
    assert len(provider.opened) == 1


def test_opening_again_asks_instead_of_opening(started, provider, drain_outbox):
    """As after a worker that died between the provider's answer and our commit."""
    started.transactions.create(provider="WOMPI", amount_in_cents=started.amount_in_cents, currency="COP")
    open_payment(payment_id=started.pk)
    assert provider.opened == []


@pytest.mark.parametrize(
    ("concept", "told"),
    [
        ("Prima seguro de automóviles AUTO-2026-2998856851", "Prima seguro de automóviles"),
        ("A" * 40, "A" * 30),
    ],
)
def test_bank_is_told_of_the_concept_in_whole_words(started, charge, provider, concept, told):
    Charge.objects.filter(pk=charge.pk).update(concept=concept)
    open_payment(payment_id=started.pk)
    assert provider.opened[0].description == told


def test_payment_waits_for_the_address_of_the_bank(started, provider, drain_outbox, clock):
    original = provider.open

    def without_address(self, request):
        return replace(original(self, request), redirect_url="")

    provider.open = without_address
    try:
        drain_outbox()
    finally:
        provider.open = original
    started.refresh_from_db()
    assert (started.status, started.redirect_url) == (PaymentStatus.PENDING, "")
    clock.travel(timedelta(seconds=2))
    drain_outbox()
    started.refresh_from_db()
    assert started.redirect_url == "https://bank.example/T-1"


def test_sweep_settles_a_payment_whose_event_was_lost(opened, provider, drain_outbox, clock):
    provider.report("T-1", status=TransactionStatus.APPROVED)
    assert sweep_pending_payments() == []
    clock.travel(timedelta(seconds=61))
    assert sweep_pending_payments() == [opened.pk]
    drain_outbox(reraise=False)
    opened.refresh_from_db()
    assert opened.status == PaymentStatus.APPROVED


def test_sweep_asks_at_growing_intervals_and_stops(opened, drain_outbox, clock):
    asked = []
    for _ in range(60):
        opened.refresh_from_db()
        if opened.next_poll_at is None:
            break
        clock.travel(opened.next_poll_at - clock.now() + timedelta(seconds=1))
        sweep_pending_payments()
        drain_outbox()
        asked.append(clock.now())
    pauses = [later - sooner for sooner, later in pairwise(asked)]
    assert pauses[0] < timedelta(minutes=3)
    assert max(pauses) < timedelta(hours=2)


def test_unfinished_payment_expires_and_is_still_asked_about(opened, provider, drain_outbox, clock):
    clock.travel(timedelta(minutes=61))
    sweep_pending_payments()
    drain_outbox()
    opened.refresh_from_db()
    assert (opened.status, opened.failure_reason) == (PaymentStatus.EXPIRED, FailureReason.EXPIRED)
    assert not ChargeHold.objects.exists()
    assert opened.next_poll_at is not None


@pytest.mark.django_db(transaction=True)
def test_provider_is_called_outside_of_any_transaction(user, charge, provider, drain_outbox):
    seen = []
    original = provider.open

    def watching(self, request):
        seen.append(connection.in_atomic_block)
        return original(self, request)

    provider.open = watching
    try:
        factories.make_payment(user=user, charges=[charge])
        drain_outbox()
    finally:
        provider.open = original
    assert seen == [False]
