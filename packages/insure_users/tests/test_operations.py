"""Operators end sessions, export a person's data and take the person out of an account."""

import base64
import json
from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from insure_audit.public import AuditEvent, seal_pending, verify
from insure_common.exceptions import ValidationError
from insure_common.models import OutboxMessage
from insure_users.errors import (
    AdministratorExists,
    LastAdministrator,
    NobodyChangesOwnRole,
    NotFound,
    PermissionDenied,
    StatusNotAllowed,
)
from insure_users.models import Challenge, Consent, DataRequest, Session
from insure_users.public import (
    change_role,
    create_admin,
    end_sessions,
    export_data,
    list_users,
    people,
    pseudonymise_user,
    reactivate_user,
    show_user,
    suspend_user,
)
from insure_users.testing.factories import PASSWORD, make_user, person

pytestmark = pytest.mark.django_db

WHY = {"reason": "solicitud 4711"}
OPERATIONS = (suspend_user, reactivate_user, end_sessions, export_data, pseudonymise_user)


@pytest.fixture(autouse=True)
def seal_keys(settings):
    settings.INSURE_AUDIT = {"SEAL_KEYS": {"test": base64.b64encode(b"s" * 32).decode()}}


@pytest.fixture
def admin():
    return make_user(role="ADMIN", email_primary="root@example.com", full_name="Luis Gómez")


@pytest.fixture
def ana(phone, registration):
    """Somebody who registered, signed in twice, and started a sign-in and a change of e-mail."""
    answer = phone.post("auth/register", address="127.9.8.7", **registration)
    code = phone.code("ana@example.com")
    user = phone.post("auth/otp/verify", "127.9.8.7", challenge_id=answer.json()["challenge_id"], code=code).json()
    phone.asked_for_code("ana@example.com")
    phone.pair = phone.signed_in("ana@example.com")
    phone.api.credentials(HTTP_AUTHORIZATION=f"Bearer {phone.pair['access']}")
    assert phone.post("users/me/email", email="nueva@example.com", password=PASSWORD).status_code == 202
    phone.api.credentials()
    phone.drain_outbox()
    return get_user_model().objects.get(pk=user["user"]["id"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_need_a_right_a_reason_and_a_person(operation, admin):
    target = make_user(status="SUSPENDED" if operation is reactivate_user else "ACTIVE")
    for role in ("CLIENT", "SUPERVISOR", "INTERVENTORIA"):
        with pytest.raises(PermissionDenied):
            operation(actor=make_user(role=role), user_id=target.pk, **WHY)
    with pytest.raises(PermissionDenied):
        operation(actor=make_user(role="ADMIN", status="SUSPENDED"), user_id=target.pk, **WHY)
    with pytest.raises(NotFound):
        operation(actor=admin, user_id=get_user_model()().pk, **WHY)
    for reason in ("", "   "):
        with pytest.raises(ValidationError, match="reason"):
            operation(actor=admin, user_id=target.pk, reason=reason)
    assert not AuditEvent.objects.exists()
    operation(actor=admin, user_id=target.pk, **WHY)
    event = AuditEvent.objects.get()
    assert (event.actor, event.target_id, event.metadata["reason"]) == (admin, str(target.pk), WHY["reason"])


def test_role_is_not_changed_without_a_reason(admin):
    with pytest.raises(ValidationError, match="reason"):
        change_role(actor=admin, user_id=make_user().pk, role="SUPERVISOR", reason=" ")


@pytest.mark.parametrize("operation", [end_sessions, pseudonymise_user])
def test_operators_do_not_do_it_to_themselves(operation, admin):
    make_user(role="ADMIN")
    with pytest.raises(NobodyChangesOwnRole):
        operation(actor=admin, user_id=admin.pk, **WHY)


def test_ended_sessions_hold_on_the_next_request_and_the_user_may_come_back(phone, admin, ana, clock):
    clock.travel(timedelta(minutes=2))
    challenge_id, code = phone.asked_for_code(ana.email_primary)
    assert end_sessions(actor=admin, user_id=ana.pk, **WHY) == 2
    assert phone.me(phone.pair["access"]).status_code == 401
    assert phone.post("auth/token/refresh", refresh=phone.pair["refresh"]).status_code == 401
    assert phone.post("auth/otp/verify", challenge_id=challenge_id, code=code).json()["code"] == "otp_invalid"
    assert AuditEvent.objects.get(action="users.sessions_ended").metadata == WHY | {"sessions": 2}
    clock.travel(timedelta(minutes=2))
    assert phone.me(phone.signed_in(ana.email_primary)["access"]).status_code == 200
    assert end_sessions(actor=admin, user_id=make_user().pk, **WHY) == 0


def test_export_holds_every_row_keyed_to_the_person_and_no_secret(admin, ana):
    seal_pending()
    exported = export_data(actor=admin, user_id=ana.pk, **WHY)
    assert exported == json.loads(json.dumps(exported))
    assert exported["user"]["full_name"] == "Ana María Pérez"
    assert exported["user"]["birth_date"] == "1990-05-17"
    for part, model in (("consents", Consent), ("sessions", Session), ("challenges", Challenge)):
        stored = {str(key) for key in model.objects.filter(user_id=ana.pk).values_list("pk", flat=True)}
        assert {row["id"] for row in exported[part]} == stored != set()
    text = json.dumps(exported)
    for secret in (ana.password, *Challenge.objects.exclude(code_hash="").values_list("code_hash", flat=True)):
        assert secret not in text
    event = AuditEvent.objects.get(action="users.user_exported")
    parts = ["challenges", "consent_events", "consents", "requests", "sessions", "user"]
    assert event.metadata == WHY | {"parts": parts}


def test_export_knows_every_table_with_a_key_to_the_user(admin):
    """A model added later must be exported as well, or this fails."""
    related = get_user_model()._meta.get_fields(include_hidden=True)
    tables = {
        field.related_model
        for field in related
        if field.auto_created and field.related_model._meta.app_label == "insure_users"
    }
    assert tables == {Session, Consent, Challenge, DataRequest}


def test_export_proves_what_was_agreed_to(admin, ana):
    given = export_data(actor=admin, user_id=ana.pk, **WHY)["consent_events"]
    assert [event["proof"] for event in given] == [None]
    seal_pending()
    exported = export_data(actor=admin, user_id=ana.pk, **WHY)
    [event] = exported["consent_events"]
    assert event["client_address"] == "127.9.8.7"
    assert event["metadata"] == {"kinds": ["TERMS", "PRIVACY"], "version": "2026-11"}
    assert event["proof"]["event"]["target_id"] == str(ana.pk)
    assert {consent["client_address"] for consent in exported["consents"]} == {"127.9.8.7"}


def test_administrator_may_export_their_own_data(admin):
    assert export_data(actor=admin, user_id=admin.pk, **WHY)["user"]["email_primary"] == "root@example.com"


def policies_of(*, user_id):
    return [{"holder": user_id}]


def test_other_packages_add_to_the_export(settings, admin):
    settings.INSURE_USERS = settings.INSURE_USERS | {"EXPORT_PARTS": {"policies": f"{__name__}.policies_of"}}
    ana = make_user()
    assert export_data(actor=admin, user_id=ana.pk, **WHY)["policies"] == [{"holder": str(ana.pk)}]


def every_text_in_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            yield from ((table, text) for (text,) in cursor.fetchall())


def test_pseudonymised_person_is_named_nowhere_and_the_trail_still_verifies(phone, admin, ana):
    named = (ana.full_name, ana.id_number, "ana@example.com", "nueva@example.com", ana.phone, ana.password)
    seal_pending()
    pseudonymise_user(actor=admin, user_id=ana.pk, **WHY)
    seal_pending()
    assert verify().ok
    left = [(table, name) for table, text in every_text_in_the_database() for name in named if name in text]
    assert left == []
    ana.refresh_from_db()
    assert (ana.status, ana.role, ana.full_name, ana.birth_date) == ("CLOSED", "CLIENT", "", date(1900, 1, 1))
    assert not ana.has_usable_password()
    assert phone.me(phone.pair["access"]).status_code == 401
    assert phone.post("auth/token/refresh", refresh=phone.pair["refresh"]).status_code == 401
    event = AuditEvent.objects.get(action="users.user_pseudonymised")
    fields = ["birth_date", "email_primary", "full_name", "id_number", "id_type", "phone", "status"]
    assert event.metadata == WHY | {"fields": fields}
    versions = Consent.objects.filter(user_id=ana.pk).values_list("version", "client_address")
    assert set(versions) == {("2026-11", None)}


def test_pseudonymised_person_may_register_anew(phone, admin, ana, registration):
    pseudonymise_user(actor=admin, user_id=ana.pk, **WHY)
    answer = phone.post("auth/register", **registration)
    code = phone.code("ana@example.com")
    verified = phone.post("auth/otp/verify", challenge_id=answer.json()["challenge_id"], code=code).json()
    assert (verified["user"]["status"], verified["user"]["id"] == str(ana.pk)) == ("ACTIVE", False)


def test_notices_on_their_way_do_not_keep_the_address(admin, ana, phone):
    code = phone.code("nueva@example.com")
    phone.api.credentials(HTTP_AUTHORIZATION=f"Bearer {phone.pair['access']}")
    challenge = Challenge.objects.get(destination="nueva@example.com", used_at=None, closed_at=None)
    assert phone.post("users/me/email/confirm", challenge_id=challenge.pk, code=code).status_code == 200
    phone.api.credentials()
    assert OutboxMessage.objects.filter(payload__to="ana@example.com").exists()
    pseudonymise_user(actor=admin, user_id=ana.pk, **WHY)
    assert not any("ana@example.com" in text for _table, text in every_text_in_the_database())


def test_nobody_is_pseudonymised_twice_or_lets_them_in_again(admin):
    ana = make_user()
    pseudonymise_user(actor=admin, user_id=ana.pk, **WHY)
    for again in (pseudonymise_user, reactivate_user, suspend_user):
        with pytest.raises(StatusNotAllowed):
            again(actor=admin, user_id=ana.pk, **WHY)
    assert people.get(ana.pk).full_name == ""


def test_two_accounts_are_pseudonymised_without_colliding(admin):
    for _ in range(2):
        pseudonymise_user(actor=admin, user_id=make_user().pk, **WHY)


def test_last_administrator_cannot_be_pseudonymised(settings, admin):
    settings.INSURE_USERS = settings.INSURE_USERS | {
        "ROLE_PERMISSIONS": {"ADMIN": set(), "PRIVACY": {"insure_users.pseudonymise_user"}}
    }
    with pytest.raises(LastAdministrator):
        pseudonymise_user(actor=make_user(role="PRIVACY"), user_id=admin.pk, **WHY)


def test_other_packages_hear_of_it(settings, admin):
    task = "insure_users.tasks.purge_task"
    settings.INSURE_COMMON = settings.INSURE_COMMON | {"SUBSCRIBERS": {"user_pseudonymised": [task]}}
    ana = make_user()
    pseudonymise_user(actor=admin, user_id=ana.pk, **WHY)
    assert OutboxMessage.objects.get(task=task).payload == {"user_id": str(ana.pk)}


@pytest.mark.parametrize("role", ["CLIENT", "INTERVENTORIA", "SUPERVISOR"])
def test_users_are_listed_and_shown_as_the_viewer_may_see_them(role):
    ana, viewer = make_user(phone="+573001234567"), make_user(role=role)
    if role == "CLIENT":
        for see in (lambda: list_users(viewer=viewer, limit=9), lambda: show_user(viewer=viewer, user_id=ana.pk)):
            with pytest.raises(PermissionDenied):
                see()
        return
    names = {user["id"]: user["full_name"] for user in list_users(viewer=viewer, role="CLIENT", limit=9)}
    shown = show_user(viewer=viewer, user_id=ana.pk)
    assert names == {ana.pk: shown["full_name"]}
    masked = role == "INTERVENTORIA"
    assert (shown["full_name"], shown["phone"]) == (
        ("A*** M*** P***", "***********67") if masked else ("Ana María Pérez", "+573001234567")
    )
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"users.users_listed", "users.user_viewed"}


def test_first_administrator_needs_nobody_and_the_next_one_an_administrator_with_a_reason():
    def create(number, **by):
        fields = person(email_primary=f"jefa{number}@example.com", full_name="Marta Ruiz")
        return create_admin(email=fields.pop("email_primary"), password=PASSWORD, **fields, **by)

    first = create(1)
    for actor, reason in ((None, ""), (None, "x"), (first, " ")):
        with pytest.raises(AdministratorExists):
            create(2, actor=actor, reason=reason)
    with pytest.raises(PermissionDenied):
        create(2, actor=make_user(role="SUPERVISOR"), **WHY)
    second = create(2, actor=first, **WHY)
    event = AuditEvent.objects.get(action="users.role_changed")
    assert (event.actor, event.target_id) == (first, str(second.pk))
    assert event.metadata == WHY | {"before": "", "after": "ADMIN"}
