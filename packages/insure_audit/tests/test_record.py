from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from insure_audit.models import Event
from insure_audit.public import record, record_many, register_actions
from insure_audit.registry import UnknownAction, sentence_for
from insure_common import correlation
from insure_common.testing.members.models import Member


@pytest.fixture
def member():
    return Member.objects.create(email="ana@example.com", full_name="Ana")


@pytest.mark.django_db
def test_event_says_who_did_what_when_from_where_and_in_which_work(member, clock):
    clock.travel(timedelta(days=3))
    with correlation.bound(client_address="203.0.113.7") as number:
        event = record(
            "tests.thing_changed",
            actor=member,
            target_type="tests.thing",
            target_id=member.pk,
            metadata={"changed": ["phone"]},
        )
    stored = Event.objects.get()
    assert stored.pk == event.pk
    assert stored.actor == member
    assert (stored.target_type, stored.target_id) == ("tests.thing", str(member.pk))
    assert (stored.correlation_id, stored.client_address) == (number, "203.0.113.7")
    assert abs(stored.occurred_at - clock.now()) < timedelta(seconds=5)
    assert stored.metadata == {"changed": ["phone"]}


@pytest.mark.django_db
def test_role_at_the_time_is_kept(member):
    member.role = "ADMIN"
    record("tests.thing_changed", actor=member, target_type="tests.thing", target_id=1)
    assert Event.objects.get().actor_role == "ADMIN"


@pytest.mark.django_db
def test_system_acts_without_an_actor():
    record("tests.thing_changed", target_type="tests.thing", target_id=1)
    assert Event.objects.get().actor is None


@pytest.mark.django_db
def test_one_action_on_many_objects_is_one_statement(member, django_assert_num_queries):
    with django_assert_num_queries(1):
        record_many(
            "tests.thing_changed", actor=member, target_type="tests.thing", targets={1: {}, 2: {"changed": ["phone"]}}
        )
    assert list(Event.objects.order_by("target_id").values_list("target_id", "metadata")) == [
        ("1", {}),
        ("2", {"changed": ["phone"]}),
    ]


@pytest.mark.django_db
def test_undeclared_action_is_refused():
    with pytest.raises(UnknownAction):
        record("tests.never_declared", target_type="tests.thing", target_id=1)


@pytest.mark.django_db(transaction=True)
def test_recording_outside_of_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        record("tests.thing_changed", target_type="tests.thing", target_id=1)
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rolled_back_change_leaves_no_event():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("tests.thing_changed", target_type="tests.thing", target_id=1)
        raise ZeroDivisionError
    assert not Event.objects.exists()


@pytest.mark.parametrize("action", ["thing_changed", "tests.Thing", "tests.", "a.b.c", "tests.thing changed"])
def test_action_name_has_one_form(action):
    with pytest.raises(ImproperlyConfigured):
        register_actions({action: "Thing changed"})


def test_action_is_declared_once():
    with pytest.raises(ImproperlyConfigured):
        register_actions({"tests.thing_changed": "Something else"})
    assert sentence_for("tests.thing_changed") == "Thing changed"
    assert sentence_for("tests.gone") == "tests.gone"
