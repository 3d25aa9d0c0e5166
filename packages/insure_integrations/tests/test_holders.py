"""A holder belongs to a user only if document and verified e-mail agree."""

import pytest
from django.db import transaction

from insure_audit.public import AuditEvent
from insure_common.models import OutboxMessage
from insure_common.outbox import emit
from insure_integrations.models import HolderLink
from insure_integrations.public import link_holders
from insure_integrations.services.link_holders import link_user
from insure_integrations.testing.factories import make_holder_link

pytestmark = pytest.mark.django_db(transaction=True)


def holder(**changes):
    from insure_integrations.public import CoreHolder

    values = {
        "reference": "TOM-1",
        "id_type": "CC",
        "id_number": "52700104",
        "full_name": "Clara Rojas Peña",
        "email": "Clara@Example.com",
    }
    return CoreHolder.model_validate(values | changes)


def test_holder_is_linked_when_document_and_mail_agree(member, settings):
    settings.INSURE_COMMON = settings.INSURE_COMMON | {
        "SUBSCRIBERS": {"holder_linked": ["insure_integrations.tasks.link_user_task"]}
    }
    clara = member()
    assert link_holders(system="CASSE", holders=[holder()]) == {"TOM-1": clara.pk}
    link = HolderLink.objects.get()
    assert (link.user_id, link.linked_at is not None) == (clara.pk, True)
    payload = {"system": "CASSE", "reference": "TOM-1", "user_id": str(clara.pk)}
    assert OutboxMessage.objects.get().payload == payload
    assert AuditEvent.objects.get().action == "integrations.holder_linked"
    assert link_holders(system="CASSE", holders=[holder()]) == {"TOM-1": clara.pk}
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    "person",
    [
        {"email": "mallory@example.com"},
        {"id_number": "11111111"},
        {"id_type": "CE"},
        {"is_active": False},
    ],
)
def test_knowing_a_document_number_opens_nothing(member, person):
    somebody = member(**person)
    assert link_holders(system="CASSE", holders=[holder()]) == {"TOM-1": None}
    assert link_user(user_id=somebody.pk) == 0
    assert HolderLink.objects.get().user_id is None


def test_holder_without_mail_is_never_linked(member):
    clara = member(email="")
    assert link_holders(system="CASSE", holders=[holder(email="")]) == {"TOM-1": None}
    assert link_user(user_id=clara.pk) == 0


def test_activated_user_finds_waiting_holders(member, drain_outbox):
    make_holder_link(email="clara@example.com")
    make_holder_link(email="clara@example.com", id_number="11111111")
    clara = member()
    with transaction.atomic():
        emit("user_activated", payload={"user_id": clara.pk})
    drain_outbox()
    assert HolderLink.objects.get(user_id=clara.pk).id_number == "52700104"
    assert link_user(user_id=clara.pk) == 0


def test_corrected_mail_in_the_core_system_links_later(member):
    clara = member()
    assert link_holders(system="CASSE", holders=[holder(email="old@example.com")]) == {"TOM-1": None}
    assert link_holders(system="CASSE", holders=[holder()]) == {"TOM-1": clara.pk}


def test_linked_holder_with_another_document_is_not_believed(member):
    clara = member()
    link_holders(system="CASSE", holders=[holder()])
    assert link_holders(system="CASSE", holders=[holder(id_number="11111111")]) == {"TOM-1": None}
    assert HolderLink.objects.get().user_id == clara.pk
