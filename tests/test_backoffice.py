"""The back office as it is deployed: who gets in and sees it, who is thrown out, under which headers."""

import pytest
from django.test import Client

from insure_audit.public import AuditEvent
from insure_common.models import OutboxMessage
from insure_payments.models import WebhookEvent
from insure_users.enums import Role, UserStatus
from insure_users.models import Session
from insure_users.public import suspend_user
from insure_users.testing.factories import PASSWORD, make_user
from insure_users.testing.sign_in import code_in, enter_back_office

pytestmark = pytest.mark.django_db

INDEX, LOGIN, CODE = "/backoffice/", "/backoffice/login/", "/backoffice/login/code/"
POLICY = {"default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"}


def policy(response) -> set[str]:
    return set(response["Content-Security-Policy"].split("; "))


def test_administrator_gets_in_and_sees_what_there_is(client, mailbox, drain_outbox):
    admin = make_user(role=Role.ADMIN)
    client.post(LOGIN, {"email": admin.email_primary, "password": PASSWORD})
    drain_outbox()
    code = code_in(mailbox.messages(to=admin.email_primary)[0])
    assert client.post(CODE, {"code": code})["Location"] == INDEX
    index = client.get(INDEX)
    page = index.content.decode()
    for app in ("insure_users/user", "insure_payments/payment", "insure_policies/policy"):
        assert f"/backoffice/{app}/" in page
        assert client.get(f"/backoffice/{app}/").status_code == 200
    assert "Gestión de seguros" in page
    assert policy(index) == POLICY
    assert "no-store" in index["Cache-Control"]


@pytest.mark.parametrize("fields", [{"role": Role.CLIENT}, {"role": Role.ADMIN, "status": UserStatus.SUSPENDED}])
def test_clients_and_suspended_people_do_not_get_in(client, fields):
    answer = client.post(LOGIN, {"email": make_user(**fields).email_primary, "password": PASSWORD})
    assert answer.status_code == 200
    assert "El correo o la contraseña no son correctos." in answer.content.decode()
    assert client.get(INDEX).status_code == client.get(CODE).status_code == 302


def test_who_is_suspended_or_signed_out_elsewhere_is_thrown_out():
    first, second = make_user(role=Role.ADMIN), make_user(role=Role.ADMIN)
    browsers = {user: Client() for user in (first, second)}
    for user, browser in browsers.items():
        enter_back_office(browser, user)
        assert browser.get(INDEX).status_code == 200
    suspend_user(actor=first, user_id=second.pk, reason="left")
    assert browsers[second].get(INDEX).status_code == 302
    Session.objects.filter(user=first).update(ended_at="2026-01-01T00:00:00Z", end_reason="ENDED_BY_USER")
    assert browsers[first].get(INDEX).status_code == 302


def test_cookies_stay_in_the_back_office(client):
    cookie = client.get(LOGIN).cookies["csrf"]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == (INDEX, "Lax", True)
    assert not client.get("/api/v1/auth/terms/").cookies


def test_every_answer_has_a_content_security_policy(client):
    for path in ("/healthz", "/nowhere", "/api/v1/charges/", LOGIN):
        assert policy(client.get(path)) == POLICY
    docs = client.get("/api/v1/docs/")
    assert policy(docs) == POLICY | {"style-src 'self' 'unsafe-inline'", "img-src 'self' data:"}
    assert "<script>" not in docs.content.decode()
    assert client.get("/api/v1/docs/?script=")["Content-Type"].startswith("application/javascript")


def test_supervisor_sees_events_of_providers_and_only_an_administrator_has_them_processed_again(client):
    event = WebhookEvent.objects.create(
        provider="WOMPI", event_id="test:1", event_name="transaction.updated", payload={}, raw_body=b"{}", headers={}
    )
    path = f"{INDEX}insure_payments/webhookevent/"
    for role, messages in ((Role.SUPERVISOR, 0), (Role.ADMIN, 1)):
        enter_back_office(client, make_user(role=role))
        assert client.get(path).status_code == 200
        client.post(path, {"action": "replay", "_selected_action": [str(event.pk)], "index": 0})
        waiting = OutboxMessage.objects.filter(task="insure_payments.tasks.process_webhook_task")
        assert waiting.count() == messages
    assert AuditEvent.objects.filter(action="payments.webhook_replayed").count() == 1


def test_open_cases_are_listed_for_those_who_see_payments(client):
    enter_back_office(client, make_user(role=Role.INTERVENTORIA))
    assert client.get(f"{INDEX}insure_payments/case/?closed_at__isempty=1").status_code == 200
