"""A day is compared with the provider, the ledger and the core system; what can be settled is, the rest is named."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection, transaction

from insure_audit.public import AuditEvent
from insure_common import outbox
from insure_common.database import lock_key
from insure_common.exceptions import ValidationError
from insure_common.outbox import RetryLater
from insure_common.testing.outbox import pending
from insure_payments.enums import DifferenceState, PaymentStatus, ReconciliationStatus, TransactionStatus
from insure_payments.gateways.base import GatewayRefused, GatewayUnavailable, ListingUnsupported
from insure_payments.models import (
    Account,
    CoreReport,
    Difference,
    Entry,
    Line,
    Reconciliation,
    ReportedTransaction,
)
from insure_payments.services import reconcile_day as reconciling
from insure_payments.services.reconcile_day import reconcile_day
from insure_payments.services.refresh_transaction import refresh_transaction
from insure_payments.services.request_reconciliation import request_due_reconciliations, request_reconciliation
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
ROOT = "/api/v1/admin/reconciliations/"


@pytest.fixture
def day(opened, clock):
    """The day of `opened`, which is over."""
    today = clock.today()
    clock.travel(DAY)
    return today


def reconcile(day):
    run = request_reconciliation(provider="WOMPI", date=day)
    return reconcile_day(reconciliation_id=run.pk)


def differences():
    rows = Difference.objects.order_by("side", "kind", "subject")
    return [(row.side, row.kind, row.subject, row.ours, row.theirs, row.state) for row in rows]


def approve(provider, number="T-1", **changes):
    return provider.report(number, status=TransactionStatus.APPROVED, **changes)


def balance(user):
    return Account.objects.get(user=user).balance_in_cents


def test_day_that_agrees_has_no_difference(day, opened):
    run = reconcile(day)
    assert (run.status, run.transactions, run.is_listed) == (ReconciliationStatus.DONE, 1, True)
    assert differences() == []
    assert not ReportedTransaction.objects.exists()


def test_approval_that_nobody_told_of_is_settled_by_the_providers_own_answer(day, opened, provider, user):
    approve(provider)
    reconcile(day)
    opened.refresh_from_db()
    assert (opened.status, balance(user)) == (PaymentStatus.APPROVED, 0)
    assert differences() == [("PROVIDER", "STATUS", "T-1", "PENDING", "APPROVED", "TAKEN_OVER")]
    assert AuditEvent.objects.filter(action="payments.payment_settled").count() == 1


def test_transaction_that_we_never_heard_of_is_taken_over(day, opened, provider, user):
    """Another attempt under the same reference, as on a hosted page."""
    approve(provider, "T-9")
    reconcile(day)
    opened.refresh_from_db()
    assert (opened.status, balance(user)) == (PaymentStatus.APPROVED, 0)
    found = Difference.objects.get(kind="MISSING_HERE")
    assert (found.subject, found.payment, found.state) == ("T-9", opened, DifferenceState.TAKEN_OVER)


def test_money_of_nobody_stays_open_and_is_posted_nowhere(day, opened, provider):
    approve(provider, "T-9", reference="SOMEBODY-ELSE")
    entries = Entry.objects.count()
    reconcile(day)
    assert differences() == [("PROVIDER", "MISSING_HERE", "T-9", "", "APPROVED 11900000 COP", "OPEN")]
    assert Entry.objects.count() == entries


def test_transaction_that_the_provider_does_not_know_stays_open(day, opened, provider):
    provider.transactions.clear()
    reconcile(day)
    assert differences() == [("PROVIDER", "MISSING_THERE", "T-1", "PENDING", "", "OPEN")]


def test_transaction_that_only_the_list_lacks_is_no_difference(day, opened, provider, monkeypatch):
    """Around midnight the provider's day may be another one."""
    page = provider.list_transactions
    monkeypatch.setattr(
        provider, "list_transactions", lambda self, day, cursor: replace(page(self, day, cursor), transactions=[])
    )
    assert reconcile(day).transactions == 1
    assert differences() == []


def settled(provider, drain_outbox):
    approve(provider)
    refresh_transaction(provider="WOMPI", provider_id="T-1")
    drain_outbox()


def test_another_amount_after_settling_stays_open(day, opened, provider, drain_outbox, user):
    settled(provider, drain_outbox)
    approve(provider, amount_in_cents=5)
    reconcile(day)
    assert differences() == [("PROVIDER", "AMOUNT", "T-1", "11900000 COP", "5 COP", "OPEN")]
    assert balance(user) == 0


def test_status_that_cannot_follow_stays_open(day, opened, provider, drain_outbox):
    settled(provider, drain_outbox)
    provider.report("T-1", status=TransactionStatus.DECLINED)
    reconcile(day)
    assert differences() == [("PROVIDER", "STATUS", "T-1", "APPROVED", "DECLINED", "OPEN")]


def test_void_that_nobody_told_of_is_taken_back(day, opened, provider, drain_outbox, user):
    settled(provider, drain_outbox)
    provider.report("T-1", status=TransactionStatus.VOIDED)
    reconcile(day)
    assert differences() == [("PROVIDER", "STATUS", "T-1", "APPROVED", "VOIDED", "TAKEN_OVER")]
    assert balance(user) == 11_900_000


def test_double_approval_is_named(day, opened, provider, drain_outbox):
    settled(provider, drain_outbox)
    approve(provider, "T-2")
    reconcile(day)
    double = Difference.objects.get(kind="DOUBLE")
    assert (double.subject, double.payment, double.theirs) == (opened.reference, opened, "2")
    assert double.state == DifferenceState.OPEN


def test_payment_that_the_core_system_was_not_told_of_is_named_until_it_is(day, opened, provider, drain_outbox, clock):
    settled(provider, drain_outbox)
    CoreReport.objects.update(reported_at=None)
    reconcile(day)
    assert differences() == []
    clock.travel(timedelta(hours=2))
    reconcile(day)
    assert differences() == [("CORE", "MISSING_THERE", opened.reference, "11900000", "", "OPEN")]
    CoreReport.objects.update(reported_at=opened.created_at)
    reconcile(day)
    assert [row[-1] for row in differences()] == ["GONE"]


def test_ledger_that_says_otherwise_is_named(day, opened, provider, drain_outbox):
    settled(provider, drain_outbox)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE insure_payments_transaction SET amount_in_cents = 7")
        cursor.execute("UPDATE insure_payments_payment SET settled_in_cents = 8")
    approve(provider, amount_in_cents=7)
    reconcile(day)
    assert [row[:5] for row in differences()] == [
        ("LEDGER", "AMOUNT", "T-1", "7", "11900000"),
        ("PAYMENTS", "AMOUNT", opened.reference, "8", "7"),
    ]


def test_posting_without_a_transaction_is_named(day, opened, provider, drain_outbox, clock):
    settled(provider, drain_outbox)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE insure_payments_transaction SET status = 'VOIDED', entry_id = NULL")
    provider.report("T-1", status=TransactionStatus.VOIDED)
    clock.travel(DAY)
    reconcile(clock.today() - DAY)
    assert differences() == [("LEDGER", "MISSING_HERE", "T-1", "", "11900000", "OPEN")]


def test_second_run_comes_to_the_same(day, opened, provider, drain_outbox):
    approve(provider, "T-9", reference="SOMEBODY-ELSE")
    settled(provider, drain_outbox)
    reconcile(day)
    before, lines = differences(), Line.objects.count()
    reconcile(day)
    assert (differences(), Line.objects.count()) == (before, lines)
    assert Reconciliation.objects.count() == 1


def test_difference_that_came_back_is_open_again(day, opened, provider):
    provider.transactions["T-9"] = replace(provider.transactions["T-1"], provider_id="T-9", reference="X")
    reconcile(day)
    gone = provider.transactions.pop("T-9")
    reconcile(day)
    assert [row[-1] for row in differences()] == ["GONE"]
    provider.transactions["T-9"] = gone
    reconcile(day)
    assert [row[-1] for row in differences()] == ["OPEN"]


def test_run_goes_on_at_its_page_when_the_provider_was_down(day, opened, provider):
    for number in range(2, 6):
        provider.report(f"T-{number}", reference=f"OTHER-{number}")
    run = request_reconciliation(provider="WOMPI", date=day)
    pages = []
    original = provider.list_transactions

    def list_transactions(self, day, cursor):
        pages.append(cursor)
        if len(pages) == 2:
            raise GatewayUnavailable("down", sent=False)
        return original(self, day, cursor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider, "list_transactions", list_transactions)
        with pytest.raises(GatewayUnavailable):
            reconcile_day(reconciliation_id=run.pk)
        run.refresh_from_db()
        assert (run.status, run.error, run.cursor) == (ReconciliationStatus.RUNNING, "down", "2")
        run = reconcile_day(reconciliation_id=run.pk)
    assert pages == [None, "2", "2", "4"]
    assert (run.status, run.error, run.transactions) == (ReconciliationStatus.DONE, "", 5)
    assert len(differences()) == 4


def test_provider_that_is_down_while_asked_one_by_one_is_asked_on(day, opened, provider):
    approve(provider)
    provider.failures["fetch"] = [GatewayUnavailable("down", sent=False)]
    run = request_reconciliation(provider="WOMPI", date=day)
    with pytest.raises(GatewayUnavailable):
        reconcile_day(reconciliation_id=run.pk)
    assert Difference.objects.get().state == DifferenceState.OPEN
    assert reconcile_day(reconciliation_id=run.pk).status == ReconciliationStatus.DONE
    assert Difference.objects.get(kind="STATUS").state == DifferenceState.TAKEN_OVER


def test_provider_that_cannot_list_is_asked_about_each_payment(day, opened, provider, monkeypatch):
    def refuse(self, day, cursor):
        raise ListingUnsupported

    monkeypatch.setattr(provider, "list_transactions", refuse)
    approve(provider)
    run = reconcile(day)
    opened.refresh_from_db()
    assert (run.status, run.transactions, opened.status) == (ReconciliationStatus.DONE, 1, PaymentStatus.APPROVED)


def test_list_that_repeats_itself_ends_nowhere(day, opened, provider, monkeypatch):
    original = provider.list_transactions
    monkeypatch.setattr(
        provider, "list_transactions", lambda self, day, cursor: replace(original(self, day, None), next_cursor="2")
    )
    run = request_reconciliation(provider="WOMPI", date=day)
    with pytest.raises(GatewayUnavailable, match="repeats"):
        reconcile_day(reconciliation_id=run.pk)


def test_list_that_is_refused_ends_the_run(day, opened, provider):
    provider.failures["list_transactions"] = [GatewayRefused("no list for you")]
    run = reconcile(day)
    assert (run.status, run.error) == (ReconciliationStatus.FAILED, "no list for you")
    assert reconcile(day).status == ReconciliationStatus.DONE


def test_run_is_worked_at_by_one_process(day, opened, drain_outbox):
    run = request_reconciliation(provider="WOMPI", date=day)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [lock_key("insure_payments.reconcile", run.pk)])
        with pytest.raises(RetryLater):
            reconcile_day(reconciliation_id=run.pk)
    finally:
        other.close()


def test_long_run_is_worked_off_in_slices(day, opened, provider, monkeypatch):
    monkeypatch.setattr(reconciling, "SLICE", timedelta(0))
    approve(provider)
    run = request_reconciliation(provider="WOMPI", date=day)
    for _ in range(2):
        with pytest.raises(RetryLater):
            reconcile_day(reconciliation_id=run.pk)
    assert reconcile_day(reconciliation_id=run.pk).status == ReconciliationStatus.DONE


def test_schedule_asks_for_yesterday_once_and_for_what_is_open_daily(day, opened, provider, drain_outbox, clock):
    provider.transactions.clear()
    for _ in range(2):
        outbox.enqueue("insure_payments.tasks.request_reconciliations_task", payload={})
        drain_outbox()
    run = Reconciliation.objects.get()
    assert (run.date, run.status, run.requested_by) == (day, ReconciliationStatus.DONE, None)
    clock.travel(DAY)
    request_due_reconciliations()
    run.refresh_from_db()
    assert run.status == ReconciliationStatus.REQUESTED
    assert Reconciliation.objects.count() == 2
    drain_outbox()
    clock.travel(8 * DAY)
    request_due_reconciliations()
    run.refresh_from_db()
    assert run.status == ReconciliationStatus.DONE


@pytest.mark.parametrize(("provider_name", "ahead", "field"), [("NONE", 1, "provider"), ("WOMPI", 0, "date")])
def test_what_cannot_be_compared_is_refused(clock, provider_name, ahead, field):
    with pytest.raises(ValidationError) as caught:
        request_reconciliation(provider=provider_name, date=clock.today() - ahead * DAY)
    assert list(caught.value.detail) == [field]


def test_difference_is_one_of_its_kind(day, opened):
    run = reconcile(day)
    row = {"reconciliation": run, "side": "PROVIDER", "kind": "STATUS", "subject": "T"}
    Difference.objects.create(**row)
    for wrong in (row, row | {"kind": "STRANGE"}, row | {"subject": "U", "state": "GONE"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Difference.objects.create(**wrong)


# --- the API ---


@pytest.fixture
def operator(db):
    operator = factories.make_user()
    names = ["view_reconciliation", "run_reconciliation"]
    operator.user_permissions.set(Permission.objects.filter(codename__in=names))
    return operator


def test_operator_has_a_day_compared_and_reads_the_differences(api, day, opened, provider, operator, drain_outbox):
    api.force_authenticate(operator)
    approve(provider, "T-9", reference="SOMEBODY-ELSE")
    answer = api.post(ROOT, {"date": day.isoformat(), "provider": "WOMPI"}, format="json")
    assert (answer.status_code, answer.json()["status"]) == (202, "REQUESTED")
    assert ("insure_payments.tasks.reconcile_task", "READY") in pending()
    drain_outbox()
    detail = api.get(f"{ROOT}{answer.json()['id']}/").json()
    assert (detail["status"], detail["open_differences"], detail["resolved_differences"]) == ("DONE", 1, 0)
    (found,) = detail["differences"]
    assert (found["kind"], found["subject"], found["state"]) == ("MISSING_HERE", "T-9", "OPEN")
    assert found["resolution"].startswith("Ningún pago nuestro")
    assert AuditEvent.objects.get(action="payments.reconciliation_requested").actor_id == operator.pk


def test_list_is_filtered_and_costs_the_same_however_long(api, day, operator, django_assert_num_queries):
    api.force_authenticate(operator)
    for back in range(3):
        request_reconciliation(provider="WOMPI", date=day - back * DAY)
    assert len(api.get(ROOT, {"date": day.isoformat()}).json()["results"]) == 1
    assert api.get(ROOT, {"provider": "NONE"}).json()["results"] == []
    with django_assert_num_queries(1):
        results = api.get(ROOT).json()["results"]
    assert [row["date"] for row in results] == sorted((row["date"] for row in results), reverse=True)


def test_rights_are_needed(api, day, operator, user):
    api.force_authenticate(user)
    assert api.get(ROOT).status_code == 403
    operator.user_permissions.remove(Permission.objects.get(codename="run_reconciliation"))
    api.force_authenticate(type(operator).objects.get(pk=operator.pk))
    assert api.get(ROOT).status_code == 200
    assert api.post(ROOT, {"date": day.isoformat(), "provider": "WOMPI"}, format="json").status_code == 403
