"""Events of the provider: stored once, believed never."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from rest_framework.test import APIClient

from insure_common.models import OutboxMessage
from insure_common.testing.outbox import drain
from insure_payments.enums import EntryKind, PaymentStatus, TransactionStatus, WebhookStatus
from insure_payments.gateways.base import GatewayUnavailable
from insure_payments.models import Entry, Receipt, WebhookEvent

pytestmark = pytest.mark.django_db

PATH = "/api/v1/webhooks/wompi/"


def send(body=None, **changes):
    event = {"secret": "right", "key": "a" * 64, "id": "T-1", **changes}
    content = json.dumps(event) if body is None else body
    return APIClient().generic("POST", PATH, content, content_type="application/json")


def test_event_settles_what_the_provider_confirms(opened, provider, drain_outbox):
    provider.report("T-1", status=TransactionStatus.APPROVED)
    assert send().status_code == 200
    drain_outbox(reraise=False)
    opened.refresh_from_db()
    assert opened.status == PaymentStatus.APPROVED
    event = WebhookEvent.objects.get()
    assert (event.status, event.verdict, event.attempts) == (WebhookStatus.PROCESSED, "payment APPROVED", 1)
    assert json.loads(bytes(event.raw_body)) == event.payload


def test_event_that_the_provider_does_not_confirm_moves_no_money(opened, drain_outbox):
    send(status="APPROVED")
    drain_outbox()
    opened.refresh_from_db()
    assert opened.status == PaymentStatus.PENDING


def test_duplicate_is_answered_and_has_no_effect(opened, provider, drain_outbox):
    provider.report("T-1", status=TransactionStatus.APPROVED)
    answers = [send().status_code for _ in range(3)]
    drain_outbox(reraise=False)
    assert answers == [200, 200, 200]
    assert WebhookEvent.objects.count() == 1
    assert Entry.objects.filter(kind=EntryKind.PAYMENT).count() == Receipt.objects.count() == 1


def test_forged_event_stores_nothing(opened):
    before = OutboxMessage.objects.count()
    answer = send(secret="wrong")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")
    assert not WebhookEvent.objects.exists()
    assert OutboxMessage.objects.count() == before


def test_event_over_the_limit_is_refused(settings):
    settings.INSURE_COMMON = {**settings.INSURE_COMMON, "MAX_BODY_BYTES": 1000}
    assert send(body="x" * 1001).status_code == 413


def test_event_of_another_environment_is_kept_but_asks_nobody(opened, provider, drain_outbox, caplog):
    provider.failures["fetch"] = [AssertionError("asked")]
    assert send(environment="prod").status_code == 200
    drain_outbox()
    assert WebhookEvent.objects.get().verdict == "wrong environment"
    assert "another environment" in caplog.text


def test_event_of_an_unknown_reference_is_kept(opened, provider, drain_outbox):
    provider.report("T-8", reference="SOMEBODY-ELSE", status=TransactionStatus.APPROVED)
    send(id="T-8")
    drain_outbox()
    assert WebhookEvent.objects.get().verdict == "unknown reference"


def test_answer_about_another_transaction_is_not_believed(opened, provider, drain_outbox, caplog):
    provider.report("T-1", status=TransactionStatus.APPROVED, provider_id="T-9")
    send()
    drain_outbox()
    opened.refresh_from_db()
    assert opened.status == PaymentStatus.PENDING
    assert WebhookEvent.objects.get().status == WebhookStatus.FAILED
    assert "another transaction" in caplog.text


def test_provider_away_is_asked_again(opened, provider, drain_outbox, clock):
    provider.report("T-1", status=TransactionStatus.APPROVED)
    provider.failures["fetch"] = [GatewayUnavailable("away", sent=False)]
    send()
    drain_outbox(reraise=False)
    assert WebhookEvent.objects.get().status == WebhookStatus.FAILED
    clock.travel(timedelta(minutes=1))
    drain_outbox(reraise=False)
    assert WebhookEvent.objects.get().status == WebhookStatus.PROCESSED
    opened.refresh_from_db()
    assert opened.status == PaymentStatus.APPROVED


def in_parallel(call, times):
    def work(number):
        try:
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=10) as pool:
        return list(pool.map(work, range(times)))


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_identical_events_post_once(opened, provider):
    provider.report("T-1", status=TransactionStatus.APPROVED)
    answers = in_parallel(lambda _: send().status_code, 20)
    in_parallel(lambda _: drain(reraise=False), 4)
    assert answers == [200] * 20
    assert WebhookEvent.objects.count() == 1
    assert Entry.objects.filter(kind=EntryKind.PAYMENT).count() == Receipt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_different_events_of_one_payment_post_once(opened, provider):
    provider.report("T-1", status=TransactionStatus.APPROVED)
    in_parallel(lambda number: send(key=f"{number:064}"), 20)
    in_parallel(lambda _: drain(reraise=False), 10)
    assert WebhookEvent.objects.filter(status=WebhookStatus.PROCESSED).count() == 20
    assert Entry.objects.filter(kind=EntryKind.PAYMENT).count() == Receipt.objects.count() == 1
