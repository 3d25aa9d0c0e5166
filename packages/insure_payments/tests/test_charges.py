"""Charges of the core system: brought in, changed, paid elsewhere, cancelled, claimed, reported."""

from datetime import UTC, datetime, timedelta

import pytest

from insure_audit.public import AuditEvent
from insure_common.outbox import emit
from insure_common.testing.members.models import Member
from insure_integrations.public import CoreCharge
from insure_payments.enums import ChargeStatus, EntryKind, TransactionStatus
from insure_payments.models import Account, Charge, CoreReport, Entry, Line
from insure_payments.services.apply_charges import apply_charges
from insure_payments.services.claim_charges import claim_charges
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db


def row(user, reference="C-1", *, amount="119000.00", paid="0.00", status=None, holder="H-1", **fields):
    outstanding = float(amount) - float(paid)
    status = status or ("OPEN" if outstanding else "PAID")
    values = {
        "reference": reference,
        "policy": "POL-1",
        "holder": {
            "reference": holder,
            "id_type": "CC",
            "id_number": user.id_number,
            "full_name": user.full_name,
            "email": user.email,
        },
        "concept": "Cuota 1",
        "due_date": "2026-12-31",
        "amount": amount,
        "paid": paid,
        "outstanding": f"{0 if status == 'VOID' else outstanding:.2f}",
        "currency": "COP",
        "status": status,
        "updated_at": datetime(2026, 11, 25, tzinfo=UTC),
    }
    return CoreCharge.model_validate(values | fields)


def apply(*rows):
    return apply_charges(system="CASSE", rows=rows)


def balance():
    return Account.objects.get(kind="CLIENT").balance_in_cents


def kinds():
    return list(Entry.objects.order_by("posted_at", "id").values_list("kind", flat=True))


def test_new_charge_of_a_known_user_is_posted(user):
    result = apply(row(user), row(user, "C-2", amount="1000.00"))
    assert (result.created, result.updated, result.unchanged, result.refused) == (2, 0, 0, [])
    charge = Charge.objects.get(reference="C-1")
    assert (charge.user, charge.policy_reference, charge.amount_in_cents) == (user, "POL-1", 11_900_000)
    assert balance() == 12_000_000


def test_same_rows_again_write_nothing(user):
    apply(row(user), row(user, "C-2"))
    before = Charge.objects.values_list("updated_at", "revision")
    known = list(before)
    assert apply(row(user), row(user, "C-2")).unchanged == 2
    assert list(before.all()) == known
    assert kinds() == [EntryKind.CHARGE] * 2


def test_charge_of_an_unknown_holder_waits_unseen(user, drain_outbox):
    Member.objects.filter(pk=user.pk).update(email="other@example.com")
    apply(row(user))
    assert Charge.objects.get().user is None
    assert not Entry.objects.exists()
    Member.objects.filter(pk=user.pk).update(email=user.email)
    emit("user_activated", payload={"user_id": user.pk})
    drain_outbox()
    assert Charge.objects.get().user == user
    assert balance() == 11_900_000


def test_claiming_twice_posts_once(user):
    charge = factories.make_charge(user=None, holder_reference="H-7")
    assert claim_charges(system="CASSE", holder_reference="H-7", user_id=user.pk) == 1
    assert claim_charges(system="CASSE", holder_reference="H-7", user_id=user.pk) == 0
    assert balance() == charge.amount_in_cents


def test_changed_amount_is_a_reversal_and_a_new_charge(user):
    apply(row(user))
    assert apply(row(user, amount="100000.00")).updated == 1
    assert balance() == 10_000_000
    assert sorted(kinds()) == [EntryKind.CHARGE, EntryKind.CHARGE, EntryKind.CHARGE_REVERSAL]
    assert not Entry.objects.filter(reverses=Charge.objects.get().entry).exists()
    assert AuditEvent.objects.filter(action="payments.charge_changed").exists()


def posted_tax():
    return -sum(Line.objects.filter(account__kind="TAX").values_list("amount_in_cents", flat=True))


def test_tax_is_posted_apart_and_follows_its_changes(user):
    apply(row(user, tax="19000.00"))
    assert (posted_tax(), balance()) == (1_900_000, 11_900_000)
    assert apply(row(user, tax="0.00")).updated == 1
    assert (posted_tax(), balance()) == (0, 11_900_000)


def test_changed_words_are_saved_without_a_posting(user):
    apply(row(user))
    apply(row(user, concept="Cuota uno", due_date="2027-01-31"))
    charge = Charge.objects.get()
    assert (charge.concept, charge.due_date.isoformat()) == ("Cuota uno", "2027-01-31")
    assert kinds() == [EntryKind.CHARGE]


def test_paid_elsewhere_is_posted_once(user):
    apply(row(user))
    apply(row(user, paid="19000.00"))
    apply(row(user, paid="19000.00"))
    charge = Charge.objects.get()
    assert (charge.status, charge.outstanding_in_cents) == (ChargeStatus.PARTIALLY_PAID, 10_000_000)
    assert balance() == 10_000_000
    apply(row(user, paid="119000.00"))
    assert Charge.objects.get().status == ChargeStatus.PAID
    assert balance() == 0


def test_payment_elsewhere_that_bounced_is_taken_back(user):
    apply(row(user, paid="119000.00"))
    apply(row(user))
    assert Charge.objects.get().status == ChargeStatus.OPEN
    assert balance() == 11_900_000


@pytest.fixture
def paid_by_us(user, provider, drain_outbox):
    """A charge of the core system that was paid through the provider."""
    apply(row(user))
    payment = factories.make_payment(user=user, charges=[Charge.objects.get()])
    drain_outbox()
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    drain_outbox()
    return payment


@pytest.mark.parametrize("paid", ["0.00", "119000.00"])
def test_our_own_payment_is_never_taken_for_one_made_elsewhere(user, paid_by_us, paid):
    """Whether the core system has heard of it by the time of the row or not."""
    apply(row(user, paid=paid))
    charge = Charge.objects.get()
    assert (charge.status, charge.external_paid_in_cents) == (ChargeStatus.PAID, 0)
    assert balance() == 0


def test_payment_elsewhere_that_bounced_after_we_paid_the_rest_is_taken_back(user, provider, drain_outbox, clock):
    apply(row(user, paid="59000.00"))
    payment = factories.make_payment(user=user, charges=[Charge.objects.get()])
    drain_outbox()
    approved = provider.report("T-1", status=TransactionStatus.APPROVED, amount_in_cents=6_000_000)
    settle_payment(payment_id=payment.pk, reported=approved)
    drain_outbox()
    apply(row(user, paid="119000.00"))
    assert (Charge.objects.get().status, balance()) == (ChargeStatus.PAID, 0)
    later = clock.now() + timedelta(hours=1)
    apply(row(user, paid="60000.00", updated_at=later))
    charge = Charge.objects.get()
    assert (charge.external_paid_in_cents, charge.outstanding_in_cents, balance()) == (0, 5_900_000, 5_900_000)


def test_core_system_is_told_once_what_was_paid(paid_by_us, core, drain_outbox):
    ((key, report),) = core.payments
    told = CoreReport.objects.get()
    assert key == str(told.pk)
    assert (report.reference, list(report.charge_references)) == (paid_by_us.reference, ["C-1"])
    assert (report.amount_in_cents, report.method, report.provider_transaction) == (11_900_000, "PSE", "T-1")
    assert told.reported_at is not None


def test_core_system_is_told_what_was_taken_back(paid_by_us, core, provider, drain_outbox):
    settle_payment(payment_id=paid_by_us.pk, reported=provider.report("T-1", status=TransactionStatus.VOIDED))
    drain_outbox()
    ((_, report),) = core.reversals
    assert (report.reference, report.amount_in_cents) == (paid_by_us.reference, 11_900_000)


def test_money_that_the_core_system_is_still_to_hear_is_gone_was_not_paid_elsewhere(paid_by_us, provider, user, clock):
    settle_payment(payment_id=paid_by_us.pk, reported=provider.report("T-1", status=TransactionStatus.VOIDED))
    clock.travel(timedelta(hours=1))
    apply(row(user, paid="119000.00", concept="Otro concepto"))
    charge = Charge.objects.get()
    assert (charge.status, charge.external_paid_in_cents, balance()) == (ChargeStatus.OPEN, 0, 11_900_000)


def test_core_system_is_told_which_money_has_taken_the_place_of_what_was_taken_back(
    paid_by_us, core, provider, drain_outbox
):
    settle_payment(payment_id=paid_by_us.pk, reported=provider.report("T-2"))
    settle_payment(payment_id=paid_by_us.pk, reported=provider.report("T-1", status=TransactionStatus.VOIDED))
    drain_outbox()
    assert Charge.objects.get().status == ChargeStatus.PAID
    ((_, reversal),) = core.reversals
    _, (_, report) = core.payments
    assert reversal.reference == paid_by_us.reference
    assert (report.reference, list(report.charge_references)) == (f"{paid_by_us.reference}-2", ["C-1"])
    assert (report.amount_in_cents, report.provider_transaction) == (11_900_000, "T-2")


def test_cancelled_charge_is_reversed(user):
    apply(row(user))
    apply(row(user, status="VOID"))
    charge = Charge.objects.get()
    assert (charge.status, charge.outstanding_in_cents) == (ChargeStatus.VOID, 0)
    assert balance() == 0
    assert AuditEvent.objects.filter(action="payments.charge_voided").exists()


def test_money_on_a_cancelled_charge_becomes_credit(user, paid_by_us):
    apply(row(user, paid="0.00", status="VOID"))
    assert balance() == -11_900_000
    assert paid_by_us.allocations.get().settled_in_cents == 0


def test_surplus_on_a_reduced_charge_becomes_credit(user, paid_by_us):
    apply(row(user, amount="100000.00", paid="0.00"))
    charge = Charge.objects.get()
    assert (charge.status, charge.paid_in_cents) == (ChargeStatus.PAID, 10_000_000)
    assert balance() == -1_900_000
    assert paid_by_us.allocations.get().settled_in_cents == 10_000_000


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"holder": "H-2"}, "belongs to another holder"),
        ({"currency": "USD"}, "is in another currency"),
        ({"amount": "0.00", "status": "OPEN"}, "nothing is owed"),
    ],
)
def test_row_that_cannot_be_is_refused_alone(user, changes, reason):
    apply(row(user))
    result = apply(row(user, **changes), row(user, "C-2"))
    assert result.refused == [("C-1", reason)]
    assert result.created == 1


def test_cancelled_charge_stays_cancelled(user):
    apply(row(user, status="VOID"))
    assert apply(row(user)).refused == [("C-1", "was void before")]


def test_page_of_new_charges_takes_few_queries(user, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        apply(*[row(user, f"C-{number}") for number in range(100)])
    assert balance() == 100 * 11_900_000
