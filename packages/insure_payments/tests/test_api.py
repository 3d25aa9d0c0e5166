"""The client's HTTP API: what is theirs, how they pay it, and what stays hidden."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from insure_common.ids import new_id
from insure_payments.enums import PaymentStatus, TransactionStatus
from insure_payments.models import ChargeHold, Payment, Receipt
from insure_payments.services.refresh_catalog import refresh_catalog
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db

ROOT = "/api/v1"


@pytest.fixture
def client(user, api):
    api.force_authenticate(user)
    return api


@pytest.fixture
def stranger():
    stranger = APIClient()
    stranger.force_authenticate(factories.make_user())
    return stranger


def body(*charges, **changes):
    documents = ["https://wompi.example/policy.pdf"]
    ids = [str(charge.pk) for charge in charges]
    return {"charge_ids": ids, "method": factories.METHOD, "accepted_documents": documents, **changes}


def pay(client, *charges, key=None, **changes):
    key = key or str(new_id())
    return client.post(f"{ROOT}/payments/", body(*charges, **changes), headers={"Idempotency-Key": key})


# --- account, charges, statements ---


def test_account_before_anything_was_owed(client):
    answer = client.get(f"{ROOT}/account/").json()
    assert answer == {"balance": {"amount_in_cents": 0, "currency": "COP"}, "currency": "COP", "next_due": None}


def test_account_shows_what_is_owed_and_due_next(client, user, charge):
    later = factories.make_charge(user=user, due_date=charge.due_date.replace(year=charge.due_date.year + 1))
    answer = client.get(f"{ROOT}/account/").json()
    assert answer["balance"]["amount_in_cents"] == charge.amount_in_cents + later.amount_in_cents
    assert answer["next_due"]["charge"] == str(charge.pk)


def test_entries_are_newest_first_with_a_running_balance(client, user, charge):
    factories.make_charge(user=user, amount_in_cents=100, tax_in_cents=0)
    results = client.get(f"{ROOT}/account/entries/").json()["results"]
    assert [row["balance_after"]["amount_in_cents"] for row in results] == [11_900_100, 11_900_000]
    assert client.get(f"{ROOT}/account/entries/?to=2000-01-01").json()["results"] == []
    assert client.get(f"{ROOT}/account/entries/?since=2000-01-01").status_code == 400


def test_charge_has_the_fields_of_the_contract(client, charge):
    answer = client.get(f"{ROOT}/charges/{charge.pk}/").json()
    assert answer == {
        "id": str(charge.pk),
        "description": "Prima seguro de hogar",
        "policy": "POL-1",
        "due_date": charge.due_date.isoformat(),
        "amount": {"amount_in_cents": 11_900_000, "currency": "COP"},
        "tax": {"amount_in_cents": 1_900_000, "currency": "COP"},
        "outstanding": {"amount_in_cents": 11_900_000, "currency": "COP"},
        "status": "OPEN",
        "in_payment": False,
        "external_reference": charge.reference,
    }


def test_charges_can_be_filtered(client, user, charge):
    assert len(client.get(f"{ROOT}/charges/?status=OPEN&policy=POL-1").json()["results"]) == 1
    assert client.get(f"{ROOT}/charges/?policy=POL-2").json()["results"] == []
    assert client.get(f"{ROOT}/charges/?status=NONE").status_code == 400


def test_statement_adds_up_month_by_month(client, user, charge, opened, provider, clock):
    clock.travel(timedelta(days=40))
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    clock.travel(timedelta(days=40))
    factories.make_charge(user=user, amount_in_cents=300, tax_in_cents=0)
    results = client.get(f"{ROOT}/statements/").json()["results"]
    figures = [
        [row[name]["amount_in_cents"] for name in ("opening", "charges", "payments", "closing")] for row in results
    ]
    assert figures == [[0, 300, 0, 300], [11_900_000, 0, 11_900_000, 0], [0, 11_900_000, 0, 11_900_000]]
    detail = client.get(f"{ROOT}/statements/{results[1]['id']}/").json()
    assert [(line["kind"], line["amount"]["amount_in_cents"]) for line in detail["lines"]] == [("PAYMENT", -11_900_000)]


def test_statement_comes_as_a_pdf(client, charge):
    number = client.get(f"{ROOT}/statements/").json()["results"][0]["id"]
    answer = client.get(f"{ROOT}/statements/{number}/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert b"".join(answer.streaming_content).startswith(b"%PDF")


# --- what the provider offers ---


def test_banks_come_from_what_was_fetched(client, provider):
    refresh_catalog(provider="WOMPI")
    provider.failures["list_institutions"] = [AssertionError("asked within a request")]
    assert client.get(f"{ROOT}/pse/institutions/").json()["results"][0] == {"code": "1", "name": "Banco que aprueba"}
    methods = client.get(f"{ROOT}/payment-methods/").json()
    assert methods["methods"][0]["needs"] == ["institution", "person_type", "id_type", "id_number"]
    assert methods["accepted_documents"][0]["kind"] == "END_USER_POLICY"


def test_banks_that_somebody_has_are_not_sent_again(client, provider):
    refresh_catalog(provider="WOMPI")
    first = client.get(f"{ROOT}/pse/institutions/")
    again = client.get(f"{ROOT}/pse/institutions/", headers={"If-None-Match": first["ETag"]})
    assert (first["Cache-Control"], again.status_code, again.content) == ("private, no-cache", 304, b"")


def test_cold_catalog_is_fetched_by_a_worker(client, drain_outbox):
    answer = client.get(f"{ROOT}/pse/institutions/")
    assert (answer.status_code, answer.json()["code"]) == (503, "catalog_not_ready")
    drain_outbox()
    assert client.get(f"{ROOT}/pse/institutions/").status_code == 200


# --- paying ---


def test_payment_is_opened_by_a_worker_and_shows_the_bank(client, charge, drain_outbox):
    answer = pay(client, charge)
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["redirect_url"]) == ("CREATED", "")
    assert client.get(f"{ROOT}/charges/{charge.pk}/").json()["in_payment"] is True
    drain_outbox()
    payment = client.get(f"{ROOT}/payments/{answer.json()['id']}/").json()
    assert (payment["status"], payment["redirect_url"]) == ("PENDING", "https://bank.example/T-1")
    assert payment["method"]["id_number"] == "****8777"
    assert payment["reference"].isalnum()
    assert payment["reference"][-1] == "X"


def test_same_key_answers_with_the_same_payment(client, charge):
    first, second = pay(client, charge, key="k"), pay(client, charge, key="k")
    assert first.json()["id"] == second.json()["id"]
    assert second["Idempotent-Replayed"] == "true"
    assert Payment.objects.count() == 1


def test_payment_needs_a_key(client, charge):
    assert client.post(f"{ROOT}/payments/", body(charge)).json()["code"] == "idempotency_key_required"


def test_charge_in_payment_cannot_be_paid_again(client, charge):
    pay(client, charge)
    answer = pay(client, charge)
    assert (answer.status_code, answer.json()["code"]) == (409, "charge_in_payment")


def test_expired_hold_gives_the_charge_free(client, charge, clock):
    pay(client, charge)
    clock.travel(timedelta(hours=2))
    assert pay(client, charge).status_code == 202
    assert ChargeHold.objects.count() == 1


def test_paid_charge_cannot_be_paid_again(client, charge, opened, provider):
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    answer = pay(client, charge)
    assert (answer.status_code, answer.json()["code"]) == (409, "charge_paid")


def test_part_of_one_charge_can_be_paid(client, charge):
    assert pay(client, charge, amount_in_cents=1).json()["amount"]["amount_in_cents"] == 1


def test_payer_comes_back_to_a_page_that_believes_nothing_of_its_query(client, charge):
    started = pay(client, charge)
    home = Payment.objects.get(pk=started.json()["id"]).return_url
    assert home == "http://127.0.0.1:8000/payments/return/"
    page = client.get("/payments/return/?id=T-1&env=test", HTTP_ACCEPT_LANGUAGE="es")
    assert page.status_code == 200
    assert "Puede volver a la aplicación" in page.content.decode()
    assert "T-1" not in page.content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_in_cents": 11_900_001},
        {"amount_in_cents": 0},
        {"amount_in_cents": -5},
        {"amount_in_cents": 1.5},
        {"amount_in_cents": "100"},
        {"amount_in_cents": True},
        {"amount_in_cents": 10**30},
        {"status": "APPROVED"},
        {"currency": "USD"},
        {"reference": "MINE"},
        {"provider": "NOBODY"},
        {"accepted_documents": []},
        {"charge_ids": []},
        {"charge_ids": "x"},
        {"return_url": "https://evil.example/"},
        {"return_url": "http://127.0.0.1:8000@evil.example/"},
        {"method": {**factories.METHOD, "type": "CARD"}},
        {"method": {**factories.METHOD, "institution": "1' OR 1"}},
        {"method": {**factories.METHOD, "card_number": "4242424242424242"}},
        {"method": {**factories.METHOD, "id_number": "4242424242424242"}},
        {"method": {**factories.METHOD, "id_number": "1.099.888"}},
        {"accepted_documents": ["4242 4242 4242 4242"]},
    ],
)
def test_what_the_client_may_not_decide_is_refused(client, charge, changes):
    answer = pay(client, charge, **changes)
    assert (answer.status_code, next(iter(answer.json()["errors"])).split(".")[0]) == (400, next(iter(changes)))
    assert not Payment.objects.exists()


def test_amount_is_for_one_charge_only(client, user, charge):
    assert pay(client, charge, factories.make_charge(user=user), amount_in_cents=5).status_code == 400


def test_payments_are_limited_per_user(client, user, settings):
    settings.INSURE_COMMON = {**settings.INSURE_COMMON, "THROTTLES": {"payments": "2/minute"}}
    answers = [pay(client, factories.make_charge(user=user)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert int(answers[2]["Retry-After"]) > 0


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_payments_of_one_charge_make_one(user, charge, provider, drain_outbox):
    def attempt(_):
        try:
            client = APIClient()
            client.force_authenticate(user)
            return pay(client, charge).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=10) as pool:
        answers = list(pool.map(attempt, range(50)))
    assert sorted(answers) == [202] + [409] * 49
    drain_outbox()
    assert len(provider.opened) == 1
    assert Payment.objects.get().status == PaymentStatus.PENDING


# --- boundaries ---


def settled(opened, provider, drain_outbox):
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    drain_outbox(reraise=False)
    return Receipt.objects.get()


def test_receipt_is_a_pdf_for_its_owner(client, opened, provider, drain_outbox):
    assert client.get(f"{ROOT}/payments/{opened.pk}/receipt/").status_code == 404
    receipt = settled(opened, provider, drain_outbox)
    answer = client.get(f"{ROOT}/payments/{opened.pk}/receipt/")
    assert b"".join(answer.streaming_content).startswith(b"%PDF")
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "no-store")
    shown = client.get(f"{ROOT}/payments/{opened.pk}/").json()["receipt"]
    assert shown["url"] == f"http://127.0.0.1:8000{ROOT}/payments/{opened.pk}/receipt/"
    assert (shown["number"], shown["sha256"]) == (receipt.number, receipt.sha256)


def test_another_clients_objects_do_not_exist(stranger, charge, opened, provider, drain_outbox):
    settled(opened, provider, drain_outbox)
    own = APIClient()
    own.force_authenticate(opened.user)
    statement = own.get(f"{ROOT}/statements/").json()["results"][0]["id"]
    paths = [
        f"charges/{charge.pk}/",
        f"payments/{opened.pk}/",
        f"payments/{opened.pk}/receipt/",
        f"statements/{statement}/",
        f"statements/{statement}/pdf/",
    ]
    for path in paths:
        assert own.get(f"{ROOT}/{path}").status_code == 200
        missing = path.replace(path.split("/")[1], str(new_id()))
        foreign, none = stranger.get(f"{ROOT}/{path}"), stranger.get(f"{ROOT}/{missing}")
        assert foreign.status_code == none.status_code == 404
        assert foreign.json()["detail"] == none.json()["detail"]
    for path in ("charges/", "payments/", "statements/", "account/entries/"):
        assert stranger.get(f"{ROOT}/{path}").json()["results"] == []


def test_another_clients_charge_cannot_be_paid(stranger, charge):
    foreign = pay(stranger, charge)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["account/", "account/entries/", "charges/", "statements/", "payments/", "payment-methods/"]
)
def test_nobody_sees_anything_without_signing_in(api, path):
    assert api.get(f"{ROOT}/{path}").status_code in (401, 403)


@pytest.mark.parametrize("path", ["charges/", "payments/", "statements/", "account/entries/"])
def test_lists_take_the_same_number_of_queries_however_long(client, user, path, drain_outbox, clock, db):
    def grow():
        pay(client, factories.make_charge(user=user))
        clock.travel(timedelta(days=31))

    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{ROOT}/{path}").json()["results"]
        return len(queries)

    grow()
    short = count()
    for _ in range(3):
        grow()
    assert count() == short
