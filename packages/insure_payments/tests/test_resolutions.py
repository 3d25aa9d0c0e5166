"""What operators decide: credit, quarantined transactions, returns made at the bank."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import Http404

from insure_audit.public import AuditEvent
from insure_common.exceptions import APIException, Conflict, PermissionDenied, ValidationError
from insure_common.ids import new_id
from insure_payments.enums import AccountKind, CaseKind, CaseOutcome, ChargeStatus, EntryKind, PaymentStatus
from insure_payments.enums import TransactionStatus as Status
from insure_payments.errors import CannotApply, NothingApproved, NothingOwed, NothingToResolve, SeveralTransactions
from insure_payments.models import Account, Allocation, Case, Charge, CoreReport, Entry, Line, Payment
from insure_payments.public import verify_ledger
from insure_payments.services.manage_charges import void_charge
from insure_payments.services.resolve_payment import resolve_payment
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

# Verification reads one snapshot, in a transaction of its own.
pytestmark = pytest.mark.django_db(transaction=True)

APPLY, RETURNED = CaseOutcome.APPLY, CaseOutcome.RETURNED
RIGHTS = ["resolve_any_payment", "void_any_charge"]


@pytest.fixture(autouse=True)
def verified():
    """Whatever a test does, the ledger is right afterwards."""
    yield
    assert verify_ledger().problems == []


@pytest.fixture
def operator():
    user = factories.make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=RIGHTS))
    return user


@pytest.fixture
def tell(opened, provider):
    """Let the provider say something of a transaction of the payment, and apply it."""

    def tell(status, provider_id="T-1", **changes):
        return settle_payment(payment_id=opened.pk, reported=provider.report(provider_id, status=status, **changes))

    return tell


@pytest.fixture
def doubled(opened, tell):
    """A payment that was approved twice."""
    tell(Status.APPROVED)
    tell(Status.APPROVED, "T-2")
    opened.refresh_from_db()
    return opened


@pytest.fixture
def resolve(operator, opened):
    def resolve(outcome, **changes):
        values = {"actor": operator, "payment_id": opened.pk, "reason": "Verificado con el banco"}
        return resolve_payment(outcome=outcome, **values | changes)

    return resolve


def balance_of(user):
    return Account.objects.get(user=user).balance_in_cents


def status_of(charge):
    charge.refresh_from_db()
    return charge.status, charge.paid_in_cents


def open_cases():
    return list(Case.objects.filter(closed_at=None).order_by("pk").values_list("kind", flat=True))


def in_parallel(*calls):
    def work(call):
        try:
            return call()
        except APIException as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(work, calls))


# --- credit ---


def test_double_approval_waits_for_an_operator(doubled):
    assert open_cases() == [CaseKind.CREDIT]
    assert doubled.credit_in_cents == 11_900_000


def test_plain_payment_opens_no_case(opened, tell):
    tell(Status.APPROVED)
    assert not Case.objects.exists()


def test_applied_credit_pays_what_is_due_first(doubled, user, operator, resolve, clock):
    later = factories.make_charge(user=user)
    sooner = factories.make_charge(user=user, amount_in_cents=10_000_000, due_date=clock.today())
    resolve(APPLY)
    assert status_of(sooner) == (ChargeStatus.PAID, 10_000_000)
    assert status_of(later) == (ChargeStatus.PARTIALLY_PAID, 1_900_000)
    assert balance_of(user) == 10_000_000
    case = Case.objects.get()
    assert (case.outcome, case.amount_in_cents, case.actor, case.reason) == (
        APPLY,
        11_900_000,
        operator,
        "Verificado con el banco",
    )
    event = AuditEvent.objects.get(action="payments.case_resolved")
    assert (event.actor_id, event.metadata["outcome"]) == (operator.pk, "APPLY")


def test_credit_beyond_what_is_owed_stays_open(doubled, user, resolve):
    factories.make_charge(user=user, amount_in_cents=900_000, tax_in_cents=0)
    resolve(APPLY)
    assert open_cases() == [CaseKind.CREDIT]
    doubled.refresh_from_db()
    assert doubled.credit_in_cents == 11_000_000
    resolve(RETURNED)
    assert open_cases() == []
    assert balance_of(user) == 0


def test_credit_without_anything_owed_cannot_be_applied(doubled, user, resolve):
    with pytest.raises(NothingOwed):
        resolve(APPLY)
    assert open_cases() == [CaseKind.CREDIT]


def test_credit_of_others_and_charges_of_others_are_left_alone(doubled, resolve):
    other = factories.make_charge(user=factories.make_user())
    with pytest.raises(NothingOwed):
        resolve(APPLY)
    assert status_of(other) == (ChargeStatus.OPEN, 0)


def test_charge_in_another_payment_under_way_is_left_to_it(doubled, user, resolve):
    charge = factories.make_charge(user=user)
    factories.make_payment(user=user, charges=[charge])
    with pytest.raises(NothingOwed):
        resolve(APPLY)
    assert status_of(charge) == (ChargeStatus.OPEN, 0)


def test_credit_is_applied_once(doubled, user, resolve):
    factories.make_charge(user=user)
    factories.make_charge(user=user)
    resolve(APPLY)
    with pytest.raises(NothingToResolve):
        resolve(APPLY)
    assert balance_of(user) == 11_900_000
    assert Charge.objects.filter(status=ChargeStatus.PAID).count() == 2


def test_returned_credit_is_posted_as_a_refund(doubled, user, resolve):
    resolve(RETURNED)
    doubled.refresh_from_db()
    assert (doubled.settled_in_cents, doubled.refunded_in_cents, doubled.credit_in_cents) == (23_800_000, 11_900_000, 0)
    assert doubled.status == PaymentStatus.APPROVED
    assert balance_of(user) == 0
    refund = Entry.objects.get(kind=EntryKind.REFUND)
    assert Line.objects.get(entry=refund, account__kind=AccountKind.REFUNDS).amount_in_cents == -11_900_000
    assert open_cases() == []


def test_second_return_of_a_credit_does_not_take_back_the_payment(doubled, user, resolve):
    resolve(RETURNED)
    with pytest.raises(SeveralTransactions):
        resolve(RETURNED)
    assert balance_of(user) == 0


def test_void_after_the_refund_leaves_the_client_owing(doubled, user, charge, tell, resolve):
    resolve(RETURNED)
    tell(Status.VOIDED, "T-2")
    assert balance_of(user) == 11_900_000
    assert status_of(charge) == (ChargeStatus.OPEN, 0)
    tell(Status.VOIDED)
    assert balance_of(user) == 23_800_000
    assert open_cases() == []


def test_void_by_the_provider_makes_the_case_obsolete(doubled, user, tell):
    tell(Status.VOIDED, "T-2")
    assert Case.objects.get().outcome == CaseOutcome.OBSOLETE
    assert balance_of(user) == 0


def test_money_of_a_cancelled_charge_is_credit_that_can_be_applied(opened, charge, user, operator, tell, resolve):
    tell(Status.APPROVED)
    void_charge(actor=operator, charge_id=charge.pk, reason="Emitida por error")
    assert open_cases() == [CaseKind.CREDIT]
    assert balance_of(user) == -11_900_000
    other = factories.make_charge(user=user)
    resolve(APPLY)
    assert status_of(other) == (ChargeStatus.PAID, 11_900_000)
    assert balance_of(user) == 0


def test_core_system_is_told_what_credit_has_paid_and_what_was_taken_back(
    doubled, user, core, tell, resolve, drain_outbox
):
    drain_outbox()
    charge = factories.make_charge(user=user)
    resolve(APPLY)
    drain_outbox()
    _, (key, report) = core.payments
    assert key == str(CoreReport.objects.latest("pk").pk)
    assert (list(report.charge_references), report.amount_in_cents) == ([charge.reference], 11_900_000)
    assert report.reference.startswith(doubled.reference)
    tell(Status.VOIDED, "T-2")
    drain_outbox()
    ((_, reversal),) = core.reversals
    assert (reversal.reference, reversal.amount_in_cents) == (report.reference, 11_900_000)


def test_money_that_comes_after_everything_was_given_back_pays_the_charge_again(doubled, user, charge, tell, resolve):
    resolve(RETURNED)
    tell(Status.VOIDED)
    tell(Status.VOIDED, "T-2")
    tell(Status.APPROVED, "T-3")
    assert status_of(charge) == (ChargeStatus.OPEN, 0)
    assert balance_of(user) == 11_900_000
    tell(Status.APPROVED, "T-4")
    assert (status_of(charge), balance_of(user)) == ((ChargeStatus.PAID, 11_900_000), 0)


@pytest.mark.parametrize("outcome", [APPLY, RETURNED])
def test_ten_parallel_resolutions_take_effect_once(doubled, user, resolve, outcome):
    for _ in range(3):
        factories.make_charge(user=user)
    answers = in_parallel(*[lambda: resolve(outcome)] * 10)
    assert sum(isinstance(answer, Payment) for answer in answers) == 1
    assert all(isinstance(answer, Payment | Conflict) for answer in answers)
    assert Case.objects.filter(outcome=outcome).count() == 1
    doubled.refresh_from_db()
    assert doubled.credit_in_cents == 0


def test_parallel_apply_and_return_never_spend_the_credit_twice(doubled, user, resolve):
    factories.make_charge(user=user)
    answers = in_parallel(*[lambda: resolve(APPLY), lambda: resolve(RETURNED)] * 4)
    assert sum(isinstance(answer, Payment) for answer in answers) == 1


def test_two_credits_never_pay_one_charge_twice(user, operator, provider, drain_outbox):
    payments = []
    for number in (1, 2):
        payment = factories.make_payment(user=user, charges=[factories.make_charge(user=user)])
        drain_outbox()
        for copy in (f"T-{number}", f"T-{number}0"):
            reported = provider.report(copy, status=Status.APPROVED, reference=payment.reference)
            settle_payment(payment_id=payment.pk, reported=reported)
        payments.append(payment)
    charge = factories.make_charge(user=user)
    call = {"actor": operator, "outcome": APPLY, "reason": "x"}
    answers = in_parallel(
        *[lambda payment=payment: resolve_payment(payment_id=payment.pk, **call) for payment in payments]
    )
    assert sum(isinstance(answer, NothingOwed) for answer in answers) == 1
    assert status_of(charge) == (ChargeStatus.PAID, 11_900_000)
    assert Allocation.objects.get(charge=charge).settled_in_cents == 11_900_000


def test_parallel_cancellations_and_resolutions_lose_no_money(user, operator, provider, drain_outbox):
    charges = [factories.make_charge(user=user) for _ in range(4)]
    payment = factories.make_payment(user=user, charges=charges)
    drain_outbox()
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=Status.APPROVED))
    extra = [factories.make_charge(user=user) for _ in range(2)]
    call = {"actor": operator, "payment_id": payment.pk, "reason": "x"}
    in_parallel(
        *[lambda charge=charge: void_charge(actor=operator, charge_id=charge.pk, reason="x") for charge in charges],
        *[lambda outcome=outcome: resolve_payment(outcome=outcome, **call) for outcome in (APPLY, APPLY, APPLY)],
    )
    owed = sum(charge.amount_in_cents for charge in extra)
    assert balance_of(user) == owed - payment.amount_in_cents
    payment.refresh_from_db()
    paid = sum(status_of(charge)[1] for charge in extra)
    assert payment.credit_in_cents == payment.amount_in_cents - paid


# --- a return made at the bank ---


def test_return_at_the_bank_reverses_the_payment(opened, charge, user, operator, tell, resolve):
    tell(Status.APPROVED)
    resolve(RETURNED)
    opened.refresh_from_db()
    assert (opened.status, opened.settled_in_cents) == (PaymentStatus.VOIDED, 0)
    assert status_of(charge) == (ChargeStatus.OPEN, 0)
    assert balance_of(user) == 11_900_000
    case = Case.objects.get()
    assert (case.kind, case.outcome, case.actor, case.provider_id) == (CaseKind.RETURN, RETURNED, operator, "T-1")
    assert Entry.objects.get(kind=EntryKind.PAYMENT_REVERSAL).reverses.kind == EntryKind.PAYMENT


def test_provider_that_does_not_know_of_the_return_changes_nothing(opened, user, tell, resolve):
    tell(Status.APPROVED)
    resolve(RETURNED)
    tell(Status.APPROVED)
    assert balance_of(user) == 11_900_000


def test_ten_parallel_returns_reverse_once(opened, user, tell, resolve):
    tell(Status.APPROVED)
    answers = in_parallel(*[lambda: resolve(RETURNED)] * 10)
    assert sum(isinstance(answer, Payment) for answer in answers) == 1
    assert balance_of(user) == 11_900_000


def test_return_of_one_of_two_transactions_is_named(doubled, user, charge, resolve):
    factories.make_charge(user=user)
    resolve(APPLY)
    with pytest.raises(SeveralTransactions):
        resolve(RETURNED)
    resolve(RETURNED, transaction_id="T-2")
    assert balance_of(user) == 11_900_000
    with pytest.raises(NothingApproved):
        resolve(RETURNED, transaction_id="T-2")


@pytest.mark.parametrize("outcome", [APPLY, RETURNED])
def test_payment_under_way_has_nothing_to_resolve(opened, resolve, outcome):
    with pytest.raises(NothingToResolve):
        resolve(outcome)


def test_settled_payment_has_nothing_to_apply(opened, tell, resolve):
    tell(Status.APPROVED)
    with pytest.raises(NothingToResolve):
        resolve(APPLY)


# --- quarantine ---


def test_unknown_transaction_in_another_currency_gets_a_row_and_one_alert(opened, tell, caplog):
    for _ in range(3):
        tell(Status.APPROVED, "T-9", currency="USD")
    case = Case.objects.get()
    assert (case.kind, case.provider_id, case.mismatch) == (CaseKind.QUARANTINE, "T-9", "currency")
    assert (case.amount_in_cents, case.currency, case.reported_status) == (11_900_000, "USD", Status.APPROVED)
    assert AuditEvent.objects.filter(action="payments.transaction_quarantined").count() == 1
    assert caplog.text.count("payment transaction quarantined") == 1


def test_news_of_a_quarantined_transaction_stay_one_case(opened, tell):
    tell(Status.PENDING, "T-9", currency="USD")
    tell(Status.APPROVED, "T-9", currency="USD")
    assert Case.objects.get().reported_status == Status.APPROVED


def test_truth_after_a_lie_makes_the_case_obsolete(opened, tell):
    tell(Status.APPROVED, currency="USD")
    assert open_cases() == [CaseKind.QUARANTINE]
    tell(Status.APPROVED, currency="COP")
    assert Case.objects.get().outcome == CaseOutcome.OBSOLETE


def test_money_in_another_currency_is_not_applied_but_may_be_given_back(opened, user, tell, resolve):
    tell(Status.APPROVED, "T-9", currency="USD")
    with pytest.raises(CannotApply):
        resolve(APPLY)
    resolve(RETURNED)
    assert Case.objects.get().outcome == RETURNED
    assert balance_of(user) == 11_900_000
    tell(Status.APPROVED, "T-9", currency="USD")
    assert open_cases() == []


def test_quarantined_money_of_the_client_is_applied_once(opened, user, charge, tell, resolve):
    tell(Status.APPROVED, reference="WRITTEN-WRONG")
    resolve(APPLY)
    opened.refresh_from_db()
    assert (opened.status, opened.settled_in_cents) == (PaymentStatus.APPROVED, 11_900_000)
    assert status_of(charge) == (ChargeStatus.PAID, 11_900_000)
    tell(Status.APPROVED, reference="WRITTEN-WRONG")
    tell(Status.APPROVED, reference=opened.reference)
    with pytest.raises(NothingToResolve):
        resolve(APPLY)
    assert balance_of(user) == 0
    assert open_cases() == []


def test_ten_parallel_applications_of_quarantined_money_post_once(opened, user, tell, resolve):
    tell(Status.APPROVED, reference="WRITTEN-WRONG")
    answers = in_parallel(*[lambda: resolve(APPLY)] * 10)
    assert sum(isinstance(answer, Payment) for answer in answers) == 1
    assert balance_of(user) == 0


def test_money_that_has_not_come_is_not_applied(opened, tell, resolve):
    tell(Status.PENDING, reference="WRITTEN-WRONG")
    with pytest.raises(CannotApply):
        resolve(APPLY)


def test_transaction_of_another_payment_is_not_applied_here(opened, user, provider, drain_outbox, operator):
    other = factories.make_payment(user=user, charges=[factories.make_charge(user=user)])
    drain_outbox()
    reported = provider.report("T-1", status=Status.APPROVED, reference=other.reference)
    settle_payment(payment_id=other.pk, reported=reported)
    with pytest.raises(CannotApply):
        resolve_payment(actor=operator, payment_id=other.pk, outcome=APPLY, reason="x")


def test_contradiction_about_posted_money_is_either_confirmed_or_returned(opened, user, tell, resolve):
    tell(Status.APPROVED)
    tell(Status.APPROVED, currency="USD")
    resolve(APPLY)
    assert (open_cases(), balance_of(user)) == ([], 0)
    tell(Status.VOIDED, currency="USD")
    resolve(RETURNED)
    assert (open_cases(), balance_of(user)) == ([], 11_900_000)


def test_what_can_be_applied_is_and_the_rest_stays_open(doubled, user, tell, resolve):
    tell(Status.APPROVED, "T-9", currency="USD")
    factories.make_charge(user=user)
    resolve(APPLY)
    assert open_cases() == [CaseKind.QUARANTINE]
    resolve(RETURNED)
    assert (open_cases(), balance_of(user)) == ([], 0)


def test_one_quarantined_transaction_is_resolved_by_its_id(doubled, user, tell, resolve):
    tell(Status.APPROVED, "T-9", reference="WRITTEN-WRONG")
    resolve(RETURNED, transaction_id="T-9")
    assert open_cases() == [CaseKind.CREDIT]


# --- rights ---


def test_right_and_reason_are_required(doubled, resolve, user):
    with pytest.raises(PermissionDenied):
        resolve(RETURNED, actor=user)
    with pytest.raises(ValidationError):
        resolve(RETURNED, reason="  ")
    with pytest.raises(Http404):
        resolve(RETURNED, payment_id=new_id())
    assert open_cases() == [CaseKind.CREDIT]
