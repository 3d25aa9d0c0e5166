"""Receipts of the release before get their codes while it still writes."""

import importlib
import re

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from insure_payments.enums import TransactionStatus
from insure_payments.models import Receipt
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, BEGUN, DONE = "0010_core_statements", "0011_verification_code", "0012_verification_code_everywhere"
COLUMNS = "id, payment_id, transaction_id, lines, issued_at, path, sha256"


def migrate(name):
    MigrationExecutor(connection).migrate([("insure_payments", name)])


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


def codes():
    return [code for (code,) in sql("SELECT verification_code FROM insure_payments_receipt ORDER BY id")]


@pytest.fixture
def receipts(user, drain_outbox, provider):
    for number in range(1, 6):
        payment = factories.make_payment(user=user, charges=[factories.make_charge(user=user)])
        drain_outbox()
        reported = provider.report(f"T-{number}", status=TransactionStatus.APPROVED)
        settle_payment(payment_id=payment.pk, reported=reported)
    return list(Receipt.objects.order_by("pk"))


@pytest.fixture
def release_before(receipts):
    migrate(BEFORE)
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("insure_payments"))


def test_every_receipt_has_a_code_of_its_own_and_the_release_before_goes_on(receipts, release_before, monkeypatch):
    [kept] = sql(f"DELETE FROM insure_payments_receipt WHERE id = %s RETURNING {COLUMNS}", receipts[4].pk)
    migrate(BEGUN)
    assert codes() == [None] * 4
    sql(f"INSERT INTO insure_payments_receipt ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)", *kept)
    sql("UPDATE insure_payments_receipt SET path = 'a', sha256 = repeat('0', 64) WHERE id = %s", receipts[0].pk)
    made = codes()
    assert made[:4] == [None] * 4
    monkeypatch.setattr(importlib.import_module(f"insure_payments.migrations.{DONE}"), "PAGE", 2)
    migrate(DONE)
    found = codes()
    assert len(set(found)) == 5
    assert all(re.fullmatch(r"[0-9a-f]{32}", code) for code in found)
    assert found[4] == made[4]


def test_codes_stay_when_the_second_step_is_run_again(receipts, release_before):
    migrate(DONE)
    first = codes()
    migrate(BEGUN)
    migrate(DONE)
    assert codes() == first
