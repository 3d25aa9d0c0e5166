"""The reports of administrators agree with the ledger to the cent."""

import csv
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from insure_audit.reports.kinds import report_kinds
from insure_payments.enums import AccountKind, TransactionStatus
from insure_payments.models import Account, Charge, Line, Payment
from insure_payments.services.request_reconciliation import request_reconciliation
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/admin/reports/"
DATA = ("view_any_account", "view_any_charge", "view_any_payment", "view_reconciliation")
DAY = timedelta(days=1)


@pytest.fixture
def report(api, drain_outbox):
    """The rows of a report by their titles, as a supervisor gets them."""
    supervisor = factories.make_user(full_name="Sara Supervisora")
    rights = (*DATA, "create_report", "view_report_personal_data")
    supervisor.user_permissions.set(Permission.objects.filter(codename__in=rights))

    def report(kind, *, rights=rights, format="CSV", **parameters):
        supervisor.user_permissions.set(Permission.objects.filter(codename__in=rights))
        api.force_authenticate(type(supervisor).objects.get(pk=supervisor.pk))
        body = {"kind": kind, "format": format, "parameters": parameters}
        asked = api.post(URL, body, headers={"accept-language": "en"})
        assert asked.status_code == 202, asked.content
        drain_outbox()
        answer = api.get(f"{URL}{asked.json()['id']}/download/")
        assert answer.status_code == 200, api.get(f"{URL}{asked.json()['id']}/").json()
        content = b"".join(answer.streaming_content)
        return list(csv.DictReader(StringIO(content.decode(), newline=""))) if format == "CSV" else content

    return report


@pytest.fixture
def approve(provider, drain_outbox):
    """A payment of a charge that the provider approved, by PSE unless told otherwise."""

    def approve(charge, **method):
        payment = factories.make_payment(user=charge.user, charges=[charge])
        if method:
            Payment.objects.filter(pk=payment.pk).update(method=method)
        drain_outbox()
        transaction_id = payment.transactions.get().provider_id
        settle_payment(
            payment_id=payment.pk, reported=provider.report(transaction_id, status=TransactionStatus.APPROVED)
        )
        return payment

    return approve


def void(payment, provider):
    transaction_id = payment.transactions.get().provider_id
    settle_payment(payment_id=payment.pk, reported=provider.report(transaction_id, status=TransactionStatus.VOIDED))


def total(rows, title):
    return sum(Decimal(row[title] or 0) for row in rows)


def posted(**filters):
    return Decimal(Line.objects.filter(**filters).aggregate(total=Sum("amount_in_cents"))["total"] or 0) / 100


def period(clock, days=0):
    today = clock.today()
    return {"from": (today - days * DAY).isoformat(), "to": today.isoformat()}


def test_collected_is_what_was_posted_to_clearing(report, approve, provider, clock):
    user = factories.make_user()
    charges = [factories.make_charge(user=user, amount_in_cents=amount, tax_in_cents=0) for amount in (100, 2_050, 3)]
    approve(charges[0])
    returned = approve(charges[1], type="CARD", installments=1)
    clock.travel(DAY)
    approve(charges[2])
    void(returned, provider)
    rows = report("payments.collected", **period(clock, days=1))
    today = clock.today()
    figures = [(row["Date"], row["Method"], row["Payments"], row["Collected"], row["Returned"]) for row in rows]
    assert figures == [
        ((today - DAY).isoformat(), "Card", "1", "20.50", "0.00"),
        ((today - DAY).isoformat(), "PSE", "1", "1.00", "0.00"),
        (today.isoformat(), "Card", "0", "0.00", "-20.50"),
        (today.isoformat(), "PSE", "1", "0.03", "0.00"),
    ]
    assert total(rows, "Net") == posted(account__kind=AccountKind.CLEARING) == Decimal("1.03")
    assert total(report("payments.collected", **period(clock)), "Net") == Decimal("-20.47")
    assert {row["Provider"] for row in rows} == {"WOMPI"}
    assert {row["Currency"] for row in rows} == {"COP"}


def test_day_of_a_report_is_that_of_bogota(report, approve, clock):
    """Eleven at night in Bogota is the next day in UTC."""
    now = clock.now().astimezone(clock.BOGOTA)
    clock.travel(now.replace(hour=23, minute=30) - now)
    today = clock.today()
    approve(factories.make_charge(user=factories.make_user()))
    assert [row["Date"] for row in report("payments.collected", **period(clock))] == [today.isoformat()]
    movements = report("payments.movements", **period(clock))
    assert all(row["Date and time (Bogota)"].startswith(f"{today} 23:3") for row in movements)
    tomorrow = {"from": str(today + DAY), "to": str(today + DAY)}
    assert report("payments.collected", **tomorrow) == []
    assert report("payments.movements", **tomorrow) == []


def test_overdue_is_what_clients_owe_by_the_ledger(report, clock):
    today = clock.today()
    ana, luz = factories.make_user(full_name="Ana Ruiz"), factories.make_user(full_name="Luz Gil")
    factories.make_charge(user=ana, due_date=today - 10 * DAY, reference="OLD", concept="=cmd|' /C calc'!A0")
    factories.make_charge(user=luz, due_date=today - DAY, amount_in_cents=5_000, tax_in_cents=0)
    factories.make_charge(user=luz, due_date=today)
    rows = report("payments.overdue", date=today.isoformat())
    assert [(row["Client"], row["Document"], row["Days overdue"]) for row in rows] == [
        ("Ana Ruiz", "CC 1099888777", "10"),
        ("Luz Gil", "CC 1099888777", "1"),
    ]
    assert rows[0]["Concept"].startswith("'=cmd")
    owed = Account.objects.filter(user__in=[ana, luz]).aggregate(total=Sum("balance_in_cents"))["total"]
    not_yet_due = Charge.objects.filter(due_date=today).aggregate(total=Sum("amount_in_cents"))["total"]
    assert total(rows, "Outstanding") == Decimal(owed - not_yet_due) / 100
    assert total(rows, "Outstanding") == total(rows, "Amount") - total(rows, "Paid")
    assert len(report("payments.overdue", date=(today - DAY).isoformat())) == 1


def test_paid_charge_is_not_overdue_and_a_part_is_subtracted(report, approve, clock):
    today, user = clock.today(), factories.make_user()
    late = {"due_date": today - DAY, "tax_in_cents": 0}
    approve(factories.make_charge(user=user, **late))
    factories.make_charge(user=user, amount_in_cents=10_000, paid_in_cents=0, **late)
    [row] = report("payments.overdue", date=today.isoformat())
    assert (row["Amount"], row["Paid"], row["Outstanding"]) == ("100.00", "0.00", "100.00")
    assert posted(account__user=user) == Decimal("100.00")


def test_movements_are_the_lines_of_the_ledger(report, approve, provider, clock):
    user = factories.make_user(full_name="Ana Ruiz")
    payment = approve(factories.make_charge(user=user))
    void(payment, provider)
    rows = report("payments.movements", **period(clock))
    assert len(rows) == Line.objects.count() > 0
    assert total(rows, "Debit") == total(rows, "Credit") == posted(amount_in_cents__gt=0)
    of_ana = [row for row in rows if row["Client"] == "Ana Ruiz"]
    assert [row["Balance"] for row in of_ana] == ["119000.00", "0.00", "119000.00"]
    assert total(of_ana, "Debit") - total(of_ana, "Credit") == posted(account__user=user)
    assert {row["Account"] for row in rows if not row["Client"]} >= {"Premiums", "Value added tax"}


def test_differences_are_those_of_the_reconciliations(report, opened, provider, clock, drain_outbox):
    day = clock.today()
    provider.report("T-9", status=TransactionStatus.APPROVED, reference="SOMEBODY-ELSE")
    clock.travel(DAY)
    request_reconciliation(provider="WOMPI", date=day)
    drain_outbox()
    [row] = report("payments.differences", **{"from": str(day), "to": str(day)})
    shown = {title: row[title] for title in ("Date", "Provider", "Compared with", "Difference", "Subject", "Theirs")}
    assert list(shown.values()) == [
        str(day),
        "WOMPI",
        "Payment provider",
        "Missing here",
        "T-9",
        "APPROVED 11900000 COP",
    ]
    assert (row["State"], row["Resolved at"]) == ("Open", "")
    assert report("payments.differences", **{"from": str(day + DAY), "to": str(day + DAY)}) == []


@pytest.mark.parametrize("kind", ["payments.overdue", "payments.movements"])
def test_clients_are_masked_without_the_right_to_personal_data(report, clock, kind):
    today = clock.today()
    factories.make_charge(user=factories.make_user(full_name="Ana Ruiz"), due_date=today - DAY)
    parameters = {"date": str(today)} if kind == "payments.overdue" else period(clock)
    rows = report(kind, rights=(*DATA, "create_report"), **parameters)
    clients = {(row["Client"], row["Document"]) for row in rows} - {("", "")}
    assert clients == {("A*** R***", "*********8777")}


def test_clients_are_looked_up_once_for_many_rows(clock):
    kind = report_kinds()["payments.overdue"]
    for _ in range(3):
        factories.make_charge(user=factories.make_user(), due_date=clock.today() - DAY)
    charges = list(kind.query({"date": clock.today()}))
    with CaptureQueriesContext(connection) as statements:
        assert len(list(kind.rows(charges))) == 3
    assert len(statements) == 1


def test_pdf_shows_the_same_figures_as_colombians_write_them(report, approve, clock):
    approve(factories.make_charge(user=factories.make_user()))
    text = PdfReader(BytesIO(report("payments.collected", format="PDF", **period(clock)))).pages[0].extract_text()
    day = f"{clock.today():%d/%m/%Y}"
    for expected in ("COLLECTED BY DAY AND METHOD", f"{day} - {day}", "119.000", "Total COP", "Sara Supervisora"):
        assert expected in text


def test_overdue_is_asked_for_a_day_that_has_come(api, clock):
    supervisor = factories.make_user()
    supervisor.user_permissions.set(Permission.objects.filter(codename__in=(*DATA, "create_report")))
    api.force_authenticate(supervisor)
    body = {"kind": "payments.overdue", "format": "CSV", "parameters": {"date": str(clock.today() + DAY)}}
    answer = api.post(URL, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["parameters.date"])
