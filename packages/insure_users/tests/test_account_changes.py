"""Password, e-mail, devices, consents and profile: what ends what, and who is told."""

from datetime import timedelta

import pytest

from insure_audit.public import AuditEvent
from insure_users.enums import UserStatus
from insure_users.models import Challenge, Consent
from insure_users.services.register import give_consents
from insure_users.testing.factories import PASSWORD, make_user
from insure_users.testing.sign_in import sign_in

pytestmark = pytest.mark.django_db

NEW = "otra frase larga y propia"


@pytest.fixture
def user():
    return make_user()


def call(phone, access, method, path, body=None):
    return getattr(phone.api, method)(f"/api/v1/{path}/", body, HTTP_AUTHORIZATION=f"Bearer {access}")


def forgot(phone, email):
    challenge_id = phone.post("auth/password/forgot", email=email).json()["challenge_id"]
    return challenge_id, phone.code(email)


def test_reset_sets_the_password_and_ends_every_session(phone, user):
    access = sign_in(user)
    challenge_id, code = forgot(phone, user.email_primary)
    body = {"challenge_id": challenge_id, "code": code, "new_password": NEW}
    assert phone.post("auth/password/reset", **body).status_code == 204
    assert phone.me(access).status_code == 401
    assert phone.post("auth/password/reset", **body).json()["code"] == "otp_invalid"
    assert phone.post("auth/login", email=user.email_primary, password=PASSWORD).status_code == 401
    phone.drain_outbox()
    assert "contraseña fue cambiada" in phone.mailbox.messages(to=user.email_primary)[0]["subject"]
    assert phone.signed_in(user.email_primary, NEW)


def test_reset_lets_somebody_in_whose_account_is_under_attack(phone, user):
    for _ in range(8):
        phone.post("auth/login", "127.0.0.66", email=user.email_primary, password="wrong")
    assert phone.post("auth/login", email=user.email_primary, password=PASSWORD).status_code == 429
    challenge_id, code = forgot(phone, user.email_primary)
    phone.post("auth/password/reset", challenge_id=challenge_id, code=code, new_password=NEW)
    assert phone.signed_in(user.email_primary, NEW)


def test_weak_password_does_not_spend_the_code(phone, user):
    challenge_id, code = forgot(phone, user.email_primary)
    body = {"challenge_id": challenge_id, "code": code}
    for weak in ("corta", user.email_primary):
        answer = phone.post("auth/password/reset", **body, new_password=weak)
        assert list(answer.json()["errors"]) == ["new_password"]
    assert phone.post("auth/password/reset", **body, new_password=NEW).status_code == 204


def test_forgotten_passwords_answer_alike_and_only_active_users_get_a_mail(phone, user):
    suspended = make_user(status=UserStatus.SUSPENDED)
    answers = [
        phone.post("auth/password/forgot", email=email)
        for email in (user.email_primary, suspended.email_primary, "nobody@example.com")
    ]
    assert [answer.status_code for answer in answers] == [202] * 3
    phone.drain_outbox()
    assert [message["to"] for message in phone.mailbox.messages()] == [user.email_primary]
    for answer in answers[1:]:
        body = {"challenge_id": answer.json()["challenge_id"], "code": "123456"}
        codes = [phone.post("auth/password/reset", **body, new_password=NEW).json()["code"] for _ in range(6)]
        assert codes == ["otp_invalid"] * 5 + ["otp_exhausted"]


@pytest.mark.parametrize("change", ["password", "email", "suspension"])
def test_open_codes_end_with_the_state_that_they_were_made_for(phone, user, change):
    challenge_id, code = forgot(phone, user.email_primary)
    access = sign_in(user)
    if change == "password":
        body = {"current_password": PASSWORD, "new_password": NEW + "!"}
        assert call(phone, access, "post", "auth/password/change", body).status_code == 204
    elif change == "email":
        body = {"email": "nueva@example.com", "password": PASSWORD}
        asked = call(phone, access, "post", "users/me/email", body).json()["challenge_id"]
        body = {"challenge_id": asked, "code": phone.code("nueva@example.com")}
        assert call(phone, access, "post", "users/me/email/confirm", body).status_code == 200
    else:
        admin = make_user(role="ADMIN")
        path = f"admin/users/{user.pk}/suspend"
        assert call(phone, sign_in(admin), "post", path, {"reason": "fraude"}).status_code == 200
    answer = phone.post("auth/password/reset", challenge_id=challenge_id, code=code, new_password=NEW)
    assert answer.json()["code"] == "otp_invalid"


@pytest.mark.parametrize("path", ["auth/otp/verify", "users/me/email/confirm"])
def test_code_of_one_purpose_serves_no_other(phone, user, path):
    challenge_id, code = forgot(phone, user.email_primary)
    answer = call(phone, sign_in(user), "post", path, {"challenge_id": challenge_id, "code": code})
    assert answer.json()["code"] == "otp_invalid"
    assert Challenge.objects.get(pk=challenge_id).attempts == 0


def test_change_of_password_keeps_this_session_and_ends_the_others(phone, user):
    here, elsewhere = sign_in(user), sign_in(user)
    body = {"current_password": "wrong", "new_password": NEW}
    assert list(call(phone, here, "post", "auth/password/change", body).json()["errors"]) == ["current_password"]
    body["current_password"] = PASSWORD
    assert call(phone, here, "post", "auth/password/change", body).status_code == 204
    assert phone.me(here).status_code == 200
    assert phone.me(elsewhere).status_code == 401


def test_guessing_the_password_with_a_stolen_token_is_limited(phone, user):
    access = sign_in(user)
    body = {"current_password": "wrong", "new_password": NEW}
    statuses = [call(phone, access, "post", "auth/password/change", body).status_code for _ in range(7)]
    assert statuses == [400] * 5 + [429] * 2


def test_email_change_needs_the_password_and_a_code_from_the_new_address(phone, user):
    here, elsewhere, old = sign_in(user), sign_in(user), user.email_primary
    body = {"email": "Nueva@Example.com", "password": "wrong"}
    assert call(phone, here, "post", "users/me/email", body).status_code == 400
    body["password"] = PASSWORD
    challenge_id = call(phone, here, "post", "users/me/email", body).json()["challenge_id"]
    body = {"challenge_id": challenge_id, "code": phone.code("nueva@example.com")}
    assert call(phone, sign_in(make_user()), "post", "users/me/email/confirm", body).json()["code"] == "otp_invalid"
    answer = call(phone, here, "post", "users/me/email/confirm", body)
    assert answer.json()["email_primary"] == "nueva@example.com"
    assert phone.me(here).status_code == 200
    assert phone.me(elsewhere).status_code == 401
    phone.drain_outbox()
    assert len(phone.mailbox.messages(to=old)) == 2


def test_email_of_another_user_can_never_be_taken(phone, user):
    other = make_user()
    body = {"email": other.email_primary, "password": PASSWORD}
    answer = call(phone, sign_in(user), "post", "users/me/email", body)
    assert answer.status_code == 202
    phone.drain_outbox()
    assert "Ya tiene una cuenta" in phone.mailbox.messages(to=other.email_primary)[0]["subject"]


def test_devices_are_listed_and_ended(phone, user):
    here, elsewhere = sign_in(user), sign_in(user)
    stranger = sign_in(make_user())
    devices = call(phone, here, "get", "auth/sessions").json()["results"]
    assert [device["is_current"] for device in devices] == [False, True]
    path = f"auth/sessions/{devices[0]['id']}"
    assert call(phone, stranger, "delete", path).status_code == 404
    assert call(phone, here, "delete", path).status_code == 204
    assert phone.me(elsewhere).status_code == 401
    assert call(phone, here, "delete", path).status_code == 404


def test_list_of_devices_costs_the_same_for_many(phone, user, django_assert_num_queries):
    access = sign_in(user)
    for devices in (1, 5):
        for _ in range(devices):
            sign_in(user)
        with django_assert_num_queries(2):
            call(phone, access, "get", "auth/sessions")


def test_profile_is_changed_audited_by_name_and_told(phone, user):
    access = sign_in(user)
    body = {"phone": "310 765 4321", "address": "Calle 1 # 2-3", "profile_photo_url": "https://example.com/a.png"}
    answer = call(phone, access, "patch", "users/me", body)
    assert answer.json()["phone"] == "+573107654321"
    event = AuditEvent.objects.get(action="users.profile_changed")
    assert event.metadata == {"fields": ["address", "phone", "profile_photo_url"]}
    phone.drain_outbox()
    assert "datos fueron modificados" in phone.mailbox.messages(to=user.email_primary)[0]["subject"]


@pytest.mark.parametrize(
    "field", ["id", "email_primary", "id_type", "id_number", "birth_date", "status", "role", "is_staff", "password"]
)
def test_nothing_else_of_a_profile_can_be_changed(phone, user, field):
    answer = call(phone, sign_in(user), "patch", "users/me", {field: "x"})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.png",
        "javascript:alert(1)",
        "https://user:secret@example.com/a.png",
        "https://",
        "file:///etc/passwd",
        "https://example.com/\r\nX: 1",
    ],
)
def test_photo_is_a_plain_https_link(phone, user, url):
    assert call(phone, sign_in(user), "patch", "users/me", {"profile_photo_url": url}).status_code == 400


def test_consents_are_listed_and_revoked_once(phone, user, clock):
    give_consents(user, version="2026-11")
    access = sign_in(user)
    clock.travel(timedelta(minutes=1))
    answer = call(phone, access, "post", "users/me/consents/PRIVACY/revoke")
    assert answer.json()["revoked_at"] is not None
    assert call(phone, access, "post", "users/me/consents/PRIVACY/revoke").status_code == 404
    assert {row["kind"] for row in call(phone, access, "get", "users/me/consents").json()["results"]} == {
        "TERMS",
        "PRIVACY",
    }
    assert Consent.objects.filter(revoked_at=None).count() == 1
