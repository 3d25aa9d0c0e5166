import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from insure_common.models import OutboxMessage
from insure_common.outbox import RetryLater
from insure_integrations.enums import NotificationStatus
from insure_integrations.models import Notification
from insure_integrations.public import notify
from insure_integrations.services.send_notification import send_notification

pytestmark = pytest.mark.django_db(transaction=True)


def welcome(user, **changes):
    values = {"kind": "project.welcome", "context": {"number": 7}, "dedupe_key": "welcome-1"}
    return notify(user_id=user.pk, **values | changes)


def test_notification_is_mailed_with_its_attachment(member, mailbox, drain_outbox):
    path = default_storage.save("receipts/1.pdf", ContentFile(b"%PDF-1.4"))
    notification = welcome(member(), attachments=[{"name": "receipt.pdf", "path": path}])
    drain_outbox()
    (mail,) = mailbox.messages("clara@example.com")
    assert "number 7" in mail["text"]
    notification.refresh_from_db()
    assert notification.status == NotificationStatus.SENT
    assert notification.sent_at is not None


def test_one_cause_notifies_once(member, mailbox, drain_outbox):
    clara = member()
    assert welcome(clara).pk == welcome(clara).pk
    assert OutboxMessage.objects.count() == 1
    drain_outbox()
    assert welcome(clara).status == NotificationStatus.SENT
    drain_outbox()
    assert len(mailbox.messages("clara@example.com")) == 1


def test_two_workers_send_one_mail(member, mailbox):
    notification = welcome(member())
    outcomes = []

    def work():
        try:
            outcomes.append(send_notification(notification_id=notification.pk).status)
        except RetryLater:
            outcomes.append("later")
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert NotificationStatus.SENT in outcomes
    assert len(mailbox.messages("clara@example.com")) == 1
    assert send_notification(notification_id=notification.pk).status == NotificationStatus.SENT
    assert len(mailbox.messages("clara@example.com")) == 1


def test_mail_server_that_refuses_is_tried_again(member, mailbox, settings, drain_outbox, clock):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    notification = welcome(member())
    drain_outbox(reraise=False)
    notification.refresh_from_db()
    assert (notification.status, notification.error) == (NotificationStatus.PENDING, "ConnectionRefusedError")
    settings.EMAIL_PORT = port
    OutboxMessage.objects.update(due_at=clock.now())
    drain_outbox()
    assert len(mailbox.messages("clara@example.com")) == 1


def test_user_without_address_ends_failed(member, mailbox, drain_outbox):
    notification = welcome(member(email=""))
    drain_outbox()
    notification.refresh_from_db()
    assert (notification.status, notification.error) == (NotificationStatus.FAILED, "no_address")


def test_unknown_kind_is_refused(member):
    with pytest.raises(ImproperlyConfigured):
        welcome(member(), kind="project.unknown")
    assert not Notification.objects.exists()
