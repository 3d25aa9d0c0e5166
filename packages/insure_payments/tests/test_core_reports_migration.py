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


@pytest.fixture
def migrate():
    """Take the columns of the release before into the new table."""

    def migrate(transaction, reportable_in_cents):
        CoreReport.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE insure_payments_transaction SET reportable_in_cents = %s, reported_at = now() WHERE id = %s",
                [reportable_in_cents, transaction.pk],
            )
        migration = importlib.import_module("insure_payments.migrations.0014_core_reports")
        with connection.schema_editor() as schema_editor:
            migration.copy(None, schema_editor)

    return migrate


def test_report_of_the_release_before_is_not_made_again(opened, provider, core, drain_outbox, migrate):
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    drain_outbox()
    transaction = opened.transactions.get()
    migrate(transaction, 11_900_000)
    core.payments.clear()
    report_payment(payment_id=opened.pk)
    assert core.payments == core.reversals == []
    report = CoreReport.objects.get()
    assert (report.pk, report.reference, report.amount_in_cents) == (transaction.pk, opened.reference, 11_900_000)


def test_report_of_several_charges_is_taken_back_as_it_was_made(user, provider, core, drain_outbox, migrate):
    payment = factories.make_payment(user=user, charges=[factories.make_charge(user=user) for _ in range(2)])
    drain_outbox()
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    drain_outbox()
    transaction = payment.transactions.get()
    migrate(transaction, 23_800_000)
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=TransactionStatus.VOIDED))
    drain_outbox()
    ((key, reversal),) = core.reversals
    assert key == f"{transaction.pk}:reversal"
    assert (reversal.reference, reversal.amount_in_cents) == (payment.reference, 23_800_000)
