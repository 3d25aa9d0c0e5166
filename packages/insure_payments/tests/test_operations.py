"""What operators do over HTTP and in the back office, by right."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission

from insure_audit.public import AuditEvent
from insure_payments.enums import AccountKind, ChargeStatus, EntryKind, PaymentStatus, TransactionStatus
from insure_payments.models import Account, Case, Charge, Entry, Line, Payment, WebhookEvent
from insure_payments.services.receive_webhook import receive_webhook
from insure_payments.services.settle_payment import settle_payment
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/admin"
REASON = {"reason": "Solicitud 4711"}


@pytest.fixture
def operator(api):
    """Signs somebody in with the given rights."""

    def operator(*codenames):
        user = factories.make_user()
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        api.force_authenticate(user)
        return user

    return operator


@pytest.fixture
def post(api):
    def post(path, body, key="llave-1"):
        headers = {"Idempotency-Key": key} if key else {}
        return api.post(f"{ROOT}/{path}", body, format="json", headers=headers)

    return post


@pytest.fixture
def event(opened):
    receive_webhook(provider="WOMPI", headers={}, body=b'{"secret": "right", "key": "a", "id": "T-1"}')
    return WebhookEvent.objects.get()


@pytest.fixture
def doubled(opened, provider):
    for number in ("T-1", "T-2"):
        settle_payment(payment_id=opened.pk, reported=provider.report(number, status=TransactionStatus.APPROVED))
    return opened


def money(amount_in_cents, currency="COP"):
    return {"amount_in_cents": amount_in_cents, "currency": currency}


def charge_body(client, **changes):
    body = {
        "user": str(client.pk),
        "concept": "Duplicado de póliza",
        "amount": money(11_900_000),
        "tax": money(1_900_000),
        "due_date": "2026-12-31",
        **REASON,
    }
    return body | changes


@pytest.mark.parametrize(
    ("path", "right", "body"),
    [
        ("payments/{payment}/void/", "void_any_payment", REASON),
        ("payments/{payment}/resolve/", "resolve_any_payment", {**REASON, "outcome": "RETURNED"}),
        ("charges/", "add_any_charge", {}),
        ("charges/{charge}/void/", "void_any_charge", REASON),
        ("webhook-events/{event}/replay/", "replay_webhook_event", {}),
    ],
)
def test_each_act_needs_its_right(operator, post, event, opened, charge, path, right, body):
    path = path.format(payment=opened.pk, charge=charge.pk, event=event.pk)
    others = {"void_any_payment", "resolve_any_payment", "add_any_charge", "void_any_charge", "replay_webhook_event"}
    operator(*(others - {right}))
    assert post(path, body).status_code == 403
    operator(right)
    assert post(path, body).status_code != 403


# --- payments ---


def test_double_approval_is_listed_shown_and_resolved(operator, post, api, doubled):
    actor = operator("view_any_payment", "resolve_any_payment")
    waiting = api.get(f"{ROOT}/payments/?has_open_case=true").json()["results"]
    assert [(row["id"], row["credit"], row["has_open_case"]) for row in waiting] == [
        (str(doubled.pk), money(11_900_000), True)
    ]
    answer = post(f"payments/{doubled.pk}/resolve/", {**REASON, "outcome": "RETURNED"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["credit"], body["refunded"], body["has_open_case"]) == (money(0), money(11_900_000), False)
    (case,) = body["cases"]
    assert (case["kind"], case["outcome"], case["amount"]) == ("CREDIT", "RETURNED", money(11_900_000))
    assert (case["operator"], case["reason"]) == (str(actor.pk), "Solicitud 4711")
    assert api.get(f"{ROOT}/payments/?has_open_case=true").json()["results"] == []
    assert len(api.get(f"{ROOT}/payments/?has_open_case=false").json()["results"]) == 1


def test_same_key_resolves_once(operator, post, doubled):
    operator("resolve_any_payment")
    body = {**REASON, "outcome": "RETURNED"}
    first, second = (post(f"payments/{doubled.pk}/resolve/", body) for _ in range(2))
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.json() == second.json()
    assert Entry.objects.filter(kind=EntryKind.REFUND).count() == 1
    other = post(f"payments/{doubled.pk}/resolve/", {**body, "outcome": "APPLY"})
    assert other.json()["code"] == "idempotency_key_reused"


def test_refused_resolution_changes_nothing_and_is_not_remembered(operator, post, doubled):
    operator("resolve_any_payment")
    body = {**REASON, "outcome": "APPLY"}
    answer = post(f"payments/{doubled.pk}/resolve/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_owed")
    assert not Case.objects.exclude(closed_at=None).exists()
    factories.make_charge(user=doubled.user)
    assert post(f"payments/{doubled.pk}/resolve/", body).status_code == 200


def test_void_is_accepted_and_shows_as_a_case(operator, post, opened, provider, drain_outbox):
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    Payment.objects.filter(pk=opened.pk).update(method={"type": "CARD", "installments": 1})
    operator("void_any_payment")
    answer = post(f"payments/{opened.pk}/void/", REASON)
    assert answer.status_code == 202
    (case,) = answer.json()["cases"]
    assert (case["kind"], case["outcome"], case["closed_at"]) == ("VOID", "", None)
    assert not answer.json()["has_open_case"]
    assert post(f"payments/{opened.pk}/void/", REASON, key="otra").json()["code"] == "void_under_way"


def test_void_of_a_payment_by_pse_is_a_conflict(operator, post, opened, provider):
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    operator("void_any_payment")
    answer = post(f"payments/{opened.pk}/void/", REASON)
    assert (answer.status_code, answer.json()["code"]) == (409, "void_not_possible")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"outcome": "APPLY"}, "reason"),
        ({"outcome": "APPLY", "reason": ""}, "reason"),
        ({"outcome": "VOIDED", **REASON}, "outcome"),
        ({"outcome": "APPLY", **REASON, "amount_in_cents": 1}, "amount_in_cents"),
        ({"outcome": "APPLY", "reason": "tarjeta 4242424242424242"}, "reason"),
    ],
)
def test_wrong_resolution_is_refused_by_field(operator, post, doubled, body, field):
    operator("resolve_any_payment")
    answer = post(f"payments/{doubled.pk}/resolve/", body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


@pytest.mark.parametrize("path", ["payments/{id}/void/", "payments/{id}/resolve/", "charges/{id}/void/"])
def test_what_does_not_exist_is_not_found(operator, post, path):
    operator("void_any_payment", "resolve_any_payment", "void_any_charge")
    body = {**REASON, "outcome": "APPLY"} if "resolve" in path else REASON
    assert post(path.format(id="0194f3c0-0000-7000-8000-000000000000"), body).status_code == 404


def test_every_write_needs_a_key(operator, post, opened, charge, user):
    operator("void_any_payment", "resolve_any_payment", "add_any_charge", "void_any_charge")
    for path, body in {
        f"payments/{opened.pk}/void/": REASON,
        f"payments/{opened.pk}/resolve/": {**REASON, "outcome": "APPLY"},
        "charges/": charge_body(user),
        f"charges/{charge.pk}/void/": REASON,
    }.items():
        assert post(path, body, key="").json()["code"] == "idempotency_key_required"


def test_list_of_payments_takes_the_same_queries_whatever_its_length(
    operator, api, user, django_assert_max_num_queries
):
    operator("view_any_payment")
    for _ in range(8):
        factories.make_payment(user=user, charges=[factories.make_charge(user=user)])
    with django_assert_max_num_queries(6):
        assert len(api.get(f"{ROOT}/payments/").json()["results"]) == 8


# --- charges ---


def test_charge_of_an_operator_is_posted_with_its_tax_apart(operator, post, user):
    actor = operator("add_any_charge")
    answer = post("charges/", charge_body(user))
    assert answer.status_code == 201
    body = answer.json()
    assert (body["user"], body["amount"], body["tax"]) == (str(user.pk), money(11_900_000), money(1_900_000))
    assert (body["outstanding"], body["status"], body["due_date"]) == (money(11_900_000), "OPEN", "2026-12-31")
    charge = Charge.objects.get()
    assert (charge.due_date, charge.system) == (date(2026, 12, 31), "OPERATOR")
    lines = Line.objects.filter(entry=charge.entry).values_list("account__kind", "amount_in_cents")
    assert dict(lines) == {
        AccountKind.CLIENT: 11_900_000,
        AccountKind.PREMIUM: -10_000_000,
        AccountKind.TAX: -1_900_000,
    }
    made = AuditEvent.objects.get(action="payments.charge_made")
    assert (made.actor_id, made.metadata["reason"]) == (actor.pk, "Solicitud 4711")


def test_charge_of_an_operator_is_paid_like_every_other(operator, post, user, provider, drain_outbox, core):
    operator("add_any_charge")
    post("charges/", charge_body(user))
    payment = factories.make_payment(user=user, charges=[Charge.objects.get()])
    drain_outbox()
    settle_payment(payment_id=payment.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    drain_outbox()
    assert Charge.objects.get().status == ChargeStatus.PAID
    assert core.payments == []


def test_charge_without_tax_has_two_lines(operator, post, user):
    operator("add_any_charge")
    assert post("charges/", charge_body(user, tax=money(0))).status_code == 201
    assert Line.objects.count() == 2


def test_same_key_charges_once(operator, post, user):
    operator("add_any_charge")
    first, second = (post("charges/", charge_body(user)) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert Account.objects.get(user=user).balance_in_cents == 11_900_000


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user": "nobody"}, "user"),
        ({"user": "0194f3c0-0000-7000-8000-000000000000"}, "user"),
        ({"amount": money(0)}, "amount"),
        ({"amount": money(-1)}, "amount"),
        ({"amount": money(1.5)}, "amount"),
        ({"amount": money("100")}, "amount"),
        ({"amount": money(100, "pesos")}, "amount"),
        ({"amount": 100}, "amount"),
        ({"tax": money(-1)}, "tax"),
        ({"tax": money(11_900_001)}, "tax"),
        ({"tax": money(1, "USD")}, "tax"),
        ({"due_date": "2026-02-30"}, "due_date"),
        ({"reason": " "}, "reason"),
        ({"concept": ""}, "concept"),
        ({"status": "PAID"}, "status"),
    ],
)
def test_wrong_charge_is_refused_by_field(operator, post, user, changes, field):
    operator("add_any_charge")
    answer = post("charges/", charge_body(user, **changes))
    assert answer.status_code == 400
    assert {name.partition(".")[0] for name in answer.json()["errors"]} == {field}
    assert not Charge.objects.exists()


def test_cancelled_charge_is_reversed_and_its_money_becomes_credit(operator, post, api, doubled, charge, user):
    actor = operator("void_any_charge", "view_any_payment")
    answer = post(f"charges/{charge.pk}/void/", REASON)
    assert (answer.status_code, answer.json()["status"], answer.json()["outstanding"]) == (200, "VOID", money(0))
    assert Account.objects.get(user=user).balance_in_cents == -23_800_000
    assert Entry.objects.get(kind=EntryKind.CHARGE_REVERSAL).reverses.kind == EntryKind.CHARGE
    shown = api.get(f"{ROOT}/payments/{doubled.pk}/").json()
    assert (shown["credit"], shown["has_open_case"]) == (money(23_800_000), True)
    cancelled = AuditEvent.objects.get(action="payments.charge_cancelled")
    assert (cancelled.actor_id, cancelled.metadata["reason"]) == (actor.pk, "Solicitud 4711")


def test_charge_is_cancelled_once(operator, post, charge):
    operator("void_any_charge")
    assert [post(f"charges/{charge.pk}/void/", REASON).status_code for _ in range(2)] == [200, 200]
    again = post(f"charges/{charge.pk}/void/", REASON, key="otra")
    assert (again.status_code, again.json()["code"]) == (409, "charge_void")
    assert Entry.objects.filter(kind=EntryKind.CHARGE_REVERSAL).count() == 1


def test_charge_cancelled_during_a_payment_leaves_its_money_as_credit(operator, post, opened, charge, provider, user):
    operator("void_any_charge")
    assert post(f"charges/{charge.pk}/void/", REASON).status_code == 200
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.APPROVED))
    assert Account.objects.get(user=user).balance_in_cents == -11_900_000
    assert Case.objects.get().outcome == ""


def test_charge_that_waits_for_its_holder_is_cancelled_without_a_posting(operator, post, db):
    operator("void_any_charge")
    waiting = factories.make_charge(user=None)
    assert post(f"charges/{waiting.pk}/void/", REASON).status_code == 200
    assert not Entry.objects.exists()


# --- webhook events ---


def test_replayed_event_asks_the_provider_again(operator, post, event, opened, provider, drain_outbox):
    drain_outbox()
    event.refresh_from_db()
    assert event.status == "PROCESSED"
    provider.report("T-1", status=TransactionStatus.APPROVED)
    actor = operator("replay_webhook_event")
    answer = post(f"webhook-events/{event.pk}/replay/", {})
    assert (answer.status_code, answer.json()["status"]) == (202, "RECEIVED")
    drain_outbox()
    event.refresh_from_db()
    opened.refresh_from_db()
    assert (event.status, event.verdict, event.attempts) == ("PROCESSED", "payment APPROVED", 2)
    assert opened.status == PaymentStatus.APPROVED
    assert AuditEvent.objects.get(action="payments.webhook_replayed").actor_id == actor.pk


def test_replay_of_what_is_known_changes_nothing(operator, post, event, opened, provider, drain_outbox):
    provider.report("T-1", status=TransactionStatus.APPROVED)
    drain_outbox()
    before = Entry.objects.count()
    operator("replay_webhook_event")
    for _ in range(3):
        post(f"webhook-events/{event.pk}/replay/", {})
    drain_outbox()
    assert Entry.objects.count() == before
    event.refresh_from_db()
    assert event.verdict == "payment APPROVED"
