"""The package as a whole: schema, settings, migrations, what is purged, what the back office lets in."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client

from insure_users.conf import UsersSettings
from insure_users.models import Challenge, Counter, Session
from insure_users.public import purge
from insure_users.testing.factories import PASSWORD, make_user
from insure_users.testing.sign_in import enter_back_office, sign_in


def test_schema_is_generated_without_a_warning(tmp_path):
    file = tmp_path / "schema.json"
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(file))
    schema = json.loads(file.read_text())
    assert schema["components"]["securitySchemes"]["bearerAuth"]["scheme"] == "bearer"
    assert schema["paths"]["/api/v1/auth/login/"]["post"]["security"] == [{}]
    assert schema["paths"]["/api/v1/users/me/"]["get"]["security"] == [{"bearerAuth": []}]


@pytest.mark.django_db
def test_migrations_are_complete():
    call_command("makemigrations", "--check", "--dry-run")


def test_wrong_settings_are_named_without_their_values(settings):
    settings.INSURE_USERS = {
        "JWT_KEYS": {"a": "c2hvcnQ="},
        "OTP_PEPPER": "short",
        "CODE_SECONDS": 3600,
        "COLOUR": "red",
    }
    problems = "\n".join(UsersSettings.problems())
    for key in ("JWT_KEYS", "OTP_PEPPER", "CODE_SECONDS", "COLOUR", "TERMS_VERSION", "TERMS_URL"):
        assert key in problems
    assert "c2hvcnQ" not in problems


@pytest.mark.django_db
def test_unverified_data_is_deleted_after_a_day(phone, registration, clock):
    phone.post("auth/register", **registration)
    phone.signed_in(make_user().email_primary)
    clock.travel(timedelta(hours=23))
    purge()
    assert Challenge.objects.count() == 2
    clock.travel(timedelta(hours=2))
    purge()
    assert not Challenge.objects.exists()
    assert not Counter.objects.exists()
    assert Session.objects.count() == 1


@pytest.mark.django_db
def test_no_password_alone_opens_the_back_office():
    admin = make_user(role="ADMIN")
    client = Client()
    answer = client.post("/backoffice/login/", {"email": admin.email_primary, "password": PASSWORD})
    assert answer.status_code == 302
    assert not client.session.get("_auth_user_id")
    assert client.get("/backoffice/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "status"), [("ADMIN", 200), ("SUPERVISOR", 200), ("INTERVENTORIA", 403)])
def test_back_office_shows_users_to_those_who_may_see_personal_data(role, status):
    user = make_user(role=role)
    client = Client()
    enter_back_office(client, user)
    for path in ("", f"{user.pk}/change/"):
        answer = client.get(f"/backoffice/{user._meta.label_lower.replace('.', '/')}/{path}")
        assert answer.status_code == status
        assert user.password not in answer.content.decode()


@pytest.mark.django_db
def test_other_packages_sign_users_in_with_one_call(api):
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(make_user())}")
    assert api.get("/api/v1/users/me/").status_code == 200
