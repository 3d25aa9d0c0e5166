"""After a void the core system and this service have the same charges open, and no money counts as paid elsewhere."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission

from insure_common import clock
from insure_common.models import OutboxMessage
from insure_integrations.public import request_sync
from insure_payments.enums import CaseOutcome
from insure_payments.enums import TransactionStatus as Status
from insure_payments.models import Charge
from insure_payments.public import verify_ledger
from insure_payments.services.resolve_payment import resolve_payment
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

# Clients of other systems refuse to call out while a transaction is open.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sync(drain_outbox):
    def sync():
        request_sync(job="casse.charges")
        drain_outbox()

    return sync


@pytest.fixture
def holder(casse, user):
    """The user in CASSE, who owes two charges."""
    person = {"id_type": "CC", "id_number": user.id_number, "full_name": user.full_name, "email": user.email}
    return casse.add_holder(**person)["holder"]


@pytest.fixture
def operator():
    operator = factories.make_user()
    operator.user_permissions.set(Permission.objects.filter(codename="resolve_any_payment"))
    return operator


@pytest.fixture
def payment(casse, holder, user, sync, drain_outbox):
    """Of two charges, opened."""
    casse.add_charge(holder=holder, amount="119000.00")
    sync()
    payment = factories.make_payment(user=user, charges=list(Charge.objects.all()))
    drain_outbox()
    return payment


@pytest.fixture
def tell(payment, provider, drain_outbox):
    def tell(status, provider_id):
        settle_payment(payment_id=payment.pk, reported=provider.report(provider_id, status=status))
        drain_outbox()

    return tell


def paid():
    return dict(Charge.objects.values_list("reference", "paid_in_cents"))


def paid_at(casse):
    return {reference: int(Decimal(row["paid"]) * 100) for reference, row in casse.portfolio.charges.items()}


@pytest.mark.parametrize("amount", ["70000.00", "9000000.00"], ids=["small", "large"])
@pytest.mark.parametrize("days", [5, 60], ids=["due-before", "due-after"])
@pytest.mark.parametrize("voided", ["T-1", "T-2"])
def test_void_of_one_of_two_approvals_whose_credit_was_applied(
    casse, holder, payment, operator, tell, sync, drain_outbox, voided, days, amount
):
    tell(Status.APPROVED, "T-1")
    tell(Status.APPROVED, "T-2")
    third = casse.add_charge(holder=holder, amount=amount)
    third["due_date"] = (clock.today() + timedelta(days=days)).isoformat()
    sync()
    resolve_payment(actor=operator, payment_id=payment.pk, outcome=CaseOutcome.APPLY, reason="Aprobado dos veces")
    drain_outbox()
    assert paid() == paid_at(casse)
    tell(Status.VOIDED, voided)
    assert paid() == paid_at(casse)
    sync()
    assert paid() == paid_at(casse)
    assert not Charge.objects.filter(external_paid_in_cents__gt=0).exists()
    assert verify_ledger().problems == []


def test_money_that_takes_the_place_of_what_went_back_is_told_after_the_reversal(
    casse, payment, provider, tell, drain_outbox
):
    tell(Status.APPROVED, "T-1")
    tell(Status.APPROVED, "T-2")
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=Status.VOIDED))
    waiting = OutboxMessage.objects.filter(status=OutboxMessage.Status.READY, task__contains="report")
    assert [message.task for message in waiting] == ["insure_payments.tasks.report_reversal_task"]
    drain_outbox()
    assert [told.reversed for told in casse.payments.values()] == [True, False]
    assert paid() == paid_at(casse)
