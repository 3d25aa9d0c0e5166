"""The core system's statements are kept beside ours, and what they do not agree on is named."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from insure_common.exceptions import ValidationError
from insure_common.testing.http import serve
from insure_integrations.public import CoreStatement, request_sync
from insure_integrations.testing.casse import CasseSandbox
from insure_payments.models import Difference, ExternalStatement, Reconciliation
from insure_payments.periods import month_after, month_before, start_of
from insure_payments.services.apply_statements import apply_statements
from insure_payments.services.close_statements import GRACE, close_statements
from insure_payments.services.reconcile_day import reconcile_day
from insure_payments.services.request_reconciliation import request_due_reconciliations, request_reconciliation
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db(transaction=True)

NOVEMBER = date(2026, 11, 1)


def row(reference="EXT-1", *, holder="H-1", period="2026-11", charges="1000.00", payments="0.00", opening="0.00"):
    closing = float(opening) + float(charges) - float(payments)
    return CoreStatement.model_validate(
        {
            "reference": reference,
            "holder": holder,
            "period": period,
            "opening": opening,
            "charges": charges,
            "payments": payments,
            "closing": f"{closing:.2f}",
            "currency": "COP",
            "lines": [{"date": f"{period}-05", "description": "Prima", "amount": charges}],
            "updated_at": datetime(2026, 12, 1, tzinfo=UTC),
        }
    )


def apply(*rows):
    return apply_statements(system="CASSE", rows=rows)


def test_statement_is_kept_once_and_follows_its_changes():
    assert apply(row()).created == 1
    result = apply(row())
    assert (result.created, result.updated, result.unchanged) == (0, 0, 1)
    assert apply(row(opening="-5.50", payments="100.00")).updated == 1
    kept = ExternalStatement.objects.get()
    assert (kept.opening_in_cents, kept.payments_in_cents, kept.closing_in_cents) == (-550, 10_000, 89_450)
    assert kept.lines == [{"date": "2026-11-05", "description": "Prima", "amount_in_cents": 100_000}]


def test_statement_does_not_move_to_another_holder_or_month():
    apply(row())
    assert apply(row(holder="H-2")).refused == [("EXT-1", "is about another holder or month")]
    assert apply(row(period="2026-10")).refused == [("EXT-1", "is about another holder or month")]
    assert apply(row("EXT-2")).refused == [("EXT-2", "the holder has another statement of this month")]
    assert ExternalStatement.objects.get().holder_reference == "H-1"


def test_statement_of_the_core_system_that_does_not_add_up_is_refused():
    apply(row())
    with pytest.raises(IntegrityError, match="figures"), transaction.atomic():
        ExternalStatement.objects.update(closing_in_cents=7)


@pytest.fixture
def closed(clock, user):
    """A month that is closed with one charge of 1,000 pesos of the holder H-1; the day on which it ended."""
    period = month_after(clock.today().replace(day=1))
    clock.travel(start_of(period) + timedelta(days=9) - clock.now())
    factories.make_charge(user=user, amount_in_cents=100_000, tax_in_cents=0, holder_reference="H-1")
    clock.travel(start_of(month_after(period)) + GRACE + timedelta(minutes=1) - clock.now())
    close_statements()
    return month_after(period) - timedelta(days=1)


def compare(day):
    run = request_reconciliation(provider="CASSE", date=day)
    reconcile_day(reconciliation_id=run.pk)
    rows = Difference.objects.order_by("kind", "subject")
    return [(row.side, row.kind, row.subject, row.ours, row.theirs, row.state) for row in rows]


def test_statements_that_agree_are_no_difference(closed):
    apply(row(period=f"{closed:%Y-%m}"))
    assert compare(closed) == []


def test_two_holders_of_one_client_are_taken_together(closed, clock, user):
    # A charge of the other holder that was never posted: all that counts is who the holder is.
    factories.make_charge(user=user, holder_reference="H-2")
    month = f"{closed:%Y-%m}"
    apply(row(period=month, charges="400.00"), row("EXT-2", holder="H-2", period=month, charges="600.00"))
    assert compare(closed) == []


def test_statements_that_differ_are_named_until_they_agree(closed):
    apply(row(period=f"{closed:%Y-%m}", charges="900.00"))
    found = ("CORE", "AMOUNT", "EXT-1", "0 100000 0 100000", "0 90000 0 90000")
    assert compare(closed) == [(*found, "OPEN")]
    apply(row(period=f"{closed:%Y-%m}"))
    assert compare(closed) == [(*found, "GONE")]


def test_statement_that_the_core_system_lacks_is_named(closed):
    ((side, kind, _, ours, theirs, state),) = compare(closed)
    assert (side, kind, ours, theirs, state) == ("CORE", "MISSING_THERE", "0 100000 0 100000", "", "OPEN")


def test_statement_of_an_unknown_holder_waits_unseen(closed):
    apply(row(period=f"{closed:%Y-%m}"), row("EXT-9", holder="H-9", period=f"{closed:%Y-%m}"))
    assert compare(closed) == []


def test_only_the_end_of_a_closed_month_is_compared(closed):
    for day in (closed - timedelta(days=1), month_before(closed.replace(day=1)) - timedelta(days=1)):
        with pytest.raises(ValidationError) as caught:
            request_reconciliation(provider="CASSE", date=day)
        assert list(caught.value.detail) == ["date"]


def test_schedule_compares_a_month_once_it_is_closed(closed, drain_outbox):
    request_due_reconciliations()
    assert Reconciliation.objects.get(provider="CASSE").date == closed


def test_statements_come_by_the_sync_job(closed, settings, drain_outbox):
    sandbox = CasseSandbox(policies=0)
    month = f"{closed:%Y-%m}"
    sandbox.add_statement(holder="H-1", period=month, opening="0.00", charges="1000.00", payments="1500.50")
    sandbox.add_statement(holder="H-2", period="2020-01", opening="0.00", charges="1.00", payments="0.00")
    with serve(sandbox.app) as url:
        client = "insure_integrations.clients.casse.CasseClient"
        options = {"base_url": url, "client_id": "insure", "client_secret": "secret"}
        settings.INSURE_INTEGRATIONS = {"SYSTEMS": {"CASSE": {"client": client, **options}}}
        run = request_sync(job="casse.statements")
        drain_outbox()
    run.refresh_from_db()
    assert (run.status, run.created) == ("SUCCEEDED", 1)
    kept = ExternalStatement.objects.get()
    assert (kept.period, kept.closing_in_cents) == (closed.replace(day=1), -50_050)
