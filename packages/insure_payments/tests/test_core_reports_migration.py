"""What the release before has told the core system counts as told."""

import importlib

import pytest
from django.db import connection

from insure_payments.enums import TransactionStatus
from insure_payments.models import CoreReport
from insure_payments.services.report_payment import report_payment
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_reports_of_the_release_before_are_not_made_again(user, provider, core, drain_outbox):
    charges = [factories.make_charge(user=user) for _ in range(2)]
    payment = factories.make_payment(user=user, charges=charges)
    drain_outbox()
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    drain_outbox()
    columns = ("allocation_id", "transaction_id", "reference", "amount_in_cents", "method", "settled_at")
    before = sorted(CoreReport.objects.values_list(*columns))
    CoreReport.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE insure_payments_transaction SET reportable_in_cents = 1, reported_at = now()")
    migration = importlib.import_module("insure_payments.migrations.0014_core_reports")
    with connection.schema_editor() as schema_editor:
        migration.copy(None, schema_editor)
    assert sorted(CoreReport.objects.values_list(*columns)) == before
    told = len(core.payments)
    report_payment(payment_id=payment.pk)
    assert len(core.payments) == told
