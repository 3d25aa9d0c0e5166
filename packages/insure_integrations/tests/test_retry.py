import pytest
from django.contrib.auth.models import Permission

from insure_audit.public import AuditEvent
from insure_common import outbox
from insure_common.exceptions import PermissionDenied, ValidationError
from insure_common.models import OutboxMessage
from insure_common.testing.members.models import Member
from insure_integrations.public import retry_messages

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    member = Member.objects.create(email="operator@example.com", full_name="Olga Ramos")
    member.user_permissions.add(Permission.objects.get(codename="retry_outbox_message"))
    return member


@pytest.fixture(autouse=True)
def _failed(drain_outbox):
    for task in ("os.getcwd", "os.getcwd", "os.getpid"):
        outbox.enqueue(task, payload={})
    drain_outbox()


def waiting():
    return sorted(OutboxMessage.objects.filter(status="READY").values_list("task", flat=True))


def test_failed_messages_of_one_consumer_are_due_again_and_the_trail_says_why(operator):
    assert retry_messages(actor=operator, reason="mail server is back", task="os.getcwd") == 2
    assert waiting() == ["os.getcwd", "os.getcwd"]
    event = AuditEvent.objects.get(action="integrations.messages_retried")
    assert (event.actor_id, event.target_id) == (operator.pk, "os.getcwd")
    assert event.metadata == {"messages": 2, "reason": "mail server is back"}


def test_all_of_them_are_and_a_second_call_changes_nothing(operator):
    assert retry_messages(actor=operator, reason="again") == 3
    assert retry_messages(actor=operator, reason="again") == 0
    assert AuditEvent.objects.filter(action="integrations.messages_retried").count() == 1


def test_without_a_right_or_a_reason_nothing_happens(operator):
    with pytest.raises(ValidationError):
        retry_messages(actor=operator, reason=" ")
    with pytest.raises(PermissionDenied):
        retry_messages(actor=Member.objects.create(email="ana@example.com", full_name="Ana"), reason="again")
    assert waiting() == []
