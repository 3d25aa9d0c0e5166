"""What is kept how long, and what erasing a person leaves."""

from datetime import timedelta

import pytest

from insure_common import clock
from insure_common.models import OutboxMessage
from insure_integrations.models import ExternalCall, HolderLink, Notification, SyncQuarantine, SyncRun
from insure_integrations.public import CoreHolder, erase_calls, link_holders, notify, purge
from insure_integrations.services.erase_holder import erase_holder
from insure_integrations.testing.factories import make_external_call, make_holder_link, make_sync_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def clara(member):
    """A linked holder who was notified, and of whom the call log tells."""
    clara = member()
    make_holder_link(reference="TOM-1", email=clara.email, user_id=clara.pk, linked_at=clock.now())
    make_external_call(response={"results": [{"holder": "TOM-1", "name": "Clara"}]})
    notify(user_id=clara.pk, kind="project.welcome", context={"number": 7}, dedupe_key="1")
    return clara


def test_erased_holder_keeps_the_link_and_nothing_of_the_person(clara, settings):
    settings.INSURE_COMMON = settings.INSURE_COMMON | {
        "SUBSCRIBERS": {"holder_erased": ["insure_integrations.tasks.link_user_task"]}
    }
    other = make_external_call(response={"results": [{"holder": "TOM_2"}]})
    for _ in range(2):
        erase_holder(user_id=clara.pk)
    link = HolderLink.objects.get()
    assert (link.id_type, link.id_number, link.email, link.user_id) == ("", "", "", clara.pk)
    assert not Notification.objects.exists()
    assert ExternalCall.objects.exclude(pk=other.pk).get().response == {"erased": True}
    other.refresh_from_db()
    assert other.response == {"results": [{"holder": "TOM_2"}]}
    told = OutboxMessage.objects.filter(payload={"system": "CASSE", "reference": "TOM-1"})
    assert told.count() == 1


def test_erased_holder_gets_nothing_more(clara):
    erase_holder(user_id=clara.pk)
    holder = CoreHolder(reference="TOM-1", id_type="CC", id_number="52700104", full_name="Clara", email=clara.email)
    assert link_holders(system="CASSE", holders=[holder]) == {"TOM-1": None}
    assert HolderLink.objects.get().id_number == ""


def test_mail_of_a_deleted_notification_is_not_sent(clara, mailbox, drain_outbox):
    erase_holder(user_id=clara.pk)
    drain_outbox()
    assert mailbox.messages(to=clara.email) == []
    assert not OutboxMessage.objects.exclude(status="DONE").exists()


def test_calls_are_found_by_path_request_or_answer(settings, monkeypatch):
    monkeypatch.setattr("insure_integrations.services.erase_calls.BATCH", 2)
    calls = [
        make_external_call(path="/v1/payments/P%1"),
        make_external_call(request={"params": {"reference": "P%1"}}),
        make_external_call(response={"data": "about P%1."}),
        make_external_call(response={"data": "PX1"}),
        make_external_call(path="/v1/payments/P%12", response={"data": ["xP%1", "A-P%1", 1]}),
        make_external_call(status=None, error="ConnectTimeout"),
    ]
    assert erase_calls(mentioning=["P%1", ""]) == 3
    assert erase_calls(mentioning=[]) == 0
    assert ExternalCall.objects.filter(request={"erased": True}).count() == 3
    assert len(calls) == ExternalCall.objects.count()


def test_purge_deletes_what_is_older_than_the_settings_say(clara, clock):
    quarantined = make_sync_run()
    SyncQuarantine.objects.create(job="casse.policies", reference="1", reason="no", run=quarantined)
    make_sync_run()
    assert purge() == 0
    for days, left in ((91, (0, 1, 2)), (366 - 91, (0, 1, 1)), (731 - 366, (0, 0, 1))):
        clock.travel(timedelta(days=days))
        purge()
        assert tuple(model.objects.count() for model in (ExternalCall, Notification, SyncRun)) == left
