"""The adapter against the sandbox, over real HTTP."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from insure_integrations.models import ExternalCall
from insure_integrations.public import (
    CoreCharge,
    CorePolicy,
    CoreRefused,
    CoreStatement,
    CoreUnavailable,
    PaymentReport,
    ReversalReport,
    core_system,
)

pytestmark = pytest.mark.django_db(transaction=True)

CLARA = {"id_type": "CC", "id_number": "52700104", "full_name": "Clara Rojas Peña", "email": "clara@example.com"}
EVERYTHING = {"updated_since": None, "cursor": None, "limit": 100}


def payment(charge, **changes):
    values = {
        "reference": "PAY-1",
        "charge_references": [charge],
        "amount_in_cents": 150_050,
        "currency": "COP",
        "method": "PSE",
        "provider": "WOMPI",
        "provider_transaction": "1234-1610641025-49201",
        "settled_at": datetime(2026, 3, 2, 15, tzinfo=UTC),
    }
    return PaymentReport(**values | changes)


def test_every_row_of_the_portfolio_fits_its_form(casse):
    core = core_system()
    policies = [CorePolicy.model_validate(row) for row in core.policies(**EVERYTHING).rows]
    charges = [CoreCharge.model_validate(row) for row in core.charges(**EVERYTHING).rows]
    assert len(policies) == 25
    assert {policy.product for policy in policies} == {"AUTO", "HOGAR", "VIDA"}
    assert {charge.policy_reference for charge in charges} <= {policy.reference for policy in policies}


def test_new_holder_has_a_policy_with_its_document_and_an_open_charge(casse):
    references = casse.add_holder(**CLARA)
    core = core_system()
    (document,) = core.policy_documents(references["policy"])
    content = core.policy_document(references["policy"], document.reference)
    assert content.startswith(b"%PDF-")
    charge = next(row for row in core.charges(**EVERYTHING).rows if row["reference"] == references["charge"])
    assert charge["status"] == "OPEN"


def test_document_that_does_not_fit_its_digest_is_refused(casse, monkeypatch):
    references = casse.add_holder(**CLARA)
    core = core_system()
    monkeypatch.setattr("insure_integrations.clients.casse._digest", lambda answer: b"another")
    with pytest.raises(CoreUnavailable, match="digest"):
        core.policy_document(references["policy"], f"{references['policy']}-CARATULA")


def test_unknown_policy_is_refused_for_good(casse):
    with pytest.raises(CoreRefused) as caught:
        core_system().policy_documents("../../oauth")
    assert caught.value.status == 404


def test_token_is_fetched_once_by_many_threads(casse):
    core = core_system()

    def work():
        core.policies(**EVERYTHING)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert casse.calls.count("POST /oauth/token") == 1


def test_token_is_replaced_before_it_expires(casse, clock):
    core = core_system()
    core.policies(**EVERYTHING)
    clock.travel(timedelta(minutes=59, seconds=40))
    core.policies(**EVERYTHING)
    assert [call for call in casse.calls if "oauth" in call] == ["POST /oauth/token"] * 2
    assert not ExternalCall.objects.filter(status=401).exists()


def test_refused_token_leads_to_one_new_sign_in(casse):
    core = core_system()
    core.policies(**EVERYTHING)
    casse.forget_tokens()
    core.policies(**EVERYTHING)
    statuses = ExternalCall.objects.order_by("id").values_list("operation", "status")
    assert list(statuses)[2:] == [("list_policies", 401), ("sign_in", 200), ("list_policies", 200)]


def test_wrong_credentials_end_after_one_try(casse):
    casse.client_secret = "another"
    with pytest.raises(CoreUnavailable):
        core_system().policies(**EVERYTHING)
    assert casse.calls.count("GET /v1/policies") == 0


def test_payment_is_recorded_once_for_each_key(casse):
    charge = casse.add_holder(**CLARA)["charge"]
    for _ in range(2):
        core_system().report_payment(payment(charge), idempotency_key="key-1")
    (known,) = casse.control_get()["state"]["payments"]
    assert (known["reference"], known["amount"], known["charges"]) == ("PAY-1", "1500.50", {charge: "1500.50"})
    assert casse.portfolio.charges[charge]["paid"] == "1500.50"


def test_same_key_with_another_body_is_refused(casse):
    charge = casse.add_holder(**CLARA)["charge"]
    core_system().report_payment(payment(charge), idempotency_key="key-1")
    with pytest.raises(CoreRefused) as caught:
        core_system().report_payment(payment(charge, amount_in_cents=1), idempotency_key="key-1")
    assert (caught.value.status, caught.value.code) == (409, "idempotency_key_reused")


def test_reversal_opens_the_charge_again(casse):
    charge = casse.add_holder(**CLARA)["charge"]
    core_system().report_payment(payment(charge), idempotency_key="key-1")
    reversal = ReversalReport(
        reference="PAY-1",
        amount_in_cents=150_050,
        currency="COP",
        reason="Returned by the bank",
        reversed_at=datetime(2026, 3, 3, tzinfo=UTC),
    )
    for _ in range(2):
        core_system().report_reversal(reversal, idempotency_key="key-2")
    row = casse.portfolio.charges[charge]
    assert (row["paid"], row["status"], row["outstanding"]) == ("0.00", "OPEN", row["amount"])


def test_money_taken_elsewhere_pays_what_is_open_and_no_more(casse):
    holder = casse.add_holder(**CLARA)["holder"]
    charge = casse.add_charge(holder=holder, amount="1000.00")["reference"]
    casse.pay_elsewhere(charge=charge, amount="400.00")
    assert casse.portfolio.charges[charge]["status"] == "OPEN"
    row = casse.pay_elsewhere(charge=charge, amount="900.00")
    assert (row["paid"], row["outstanding"], row["status"]) == ("1000.00", "0.00", "PAID")
    assert charge in {raw["reference"] for raw in core_system().charges(**EVERYTHING | {"limit": 500}).rows}


def test_controls_can_be_posted_back(casse):
    casse.control_post({"latency_ms": 1, "pages": {"2": "error"}})
    casse.control_post(casse.control_get())
    assert casse.controls.pages == {2: "error"}
    with pytest.raises(ValueError, match="unknown"):
        casse.control_post({"unknown": 1})


def test_statements_of_a_month_come_in_their_form(casse):
    month = {"period": "2026-02", "opening": "-10.50", "charges": "200.00", "payments": "150.00"}
    casse.add_statement(holder="TOM-000001", **month)
    casse.add_statement(holder="TOM-000001", **month | {"period": "2026-03"})
    (raw,) = core_system().statements(period=date(2026, 2, 1), **EVERYTHING).rows
    statement = CoreStatement.model_validate(raw)
    assert (statement.period, statement.closing_in_cents) == (date(2026, 2, 1), 3_950)
    assert [line.amount_in_cents for line in statement.lines] == [20_000, -15_000]


@pytest.mark.parametrize("change", [{"closing": "1.00"}, {"opening": "--5"}, {"opening": 5}, {"period": "2026-2"}])
def test_statement_that_is_not_credible_is_refused(casse, change):
    raw = casse.add_statement(holder="T-1", period="2026-02", opening="0.00", charges="2.00", payments="0.00")
    with pytest.raises(ValueError, match=next(iter(change)) + "|add up"):
        CoreStatement.model_validate(raw | change)
