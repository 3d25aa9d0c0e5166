import pytest
from django.contrib.auth import get_user_model

from insure_audit.public import AuditEvent
from insure_common.models import OutboxMessage
from insure_users.models import Challenge, Consent
from insure_users.testing.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

User = get_user_model()
EMAIL = "ana@example.com"


def verified(phone, registration, **changes):
    body = registration | changes
    challenge_id = phone.post("auth/register", **body).json()["challenge_id"]
    email = body["email_primary"].strip().lower()
    return phone.post("auth/otp/verify", challenge_id=challenge_id, code=phone.code(email))


def test_code_makes_the_user_of_that_very_request_and_signs_them_in(phone, registration):
    answer = phone.post("auth/register", **registration)
    assert answer.status_code == 202
    assert set(answer.json()) == {"challenge_id", "expires_at", "resend_at"}
    assert not User.objects.exists()
    answer = phone.post("auth/otp/verify", challenge_id=answer.json()["challenge_id"], code=phone.code(EMAIL))
    assert answer.status_code == 200
    user = answer.json()["user"]
    assert user | {"id": "", "created_at": ""} == {
        "id": "",
        "full_name": "Ana María Pérez",
        "id_type": "CC",
        "id_number": "52123456",
        "email_primary": EMAIL,
        "email_secondary": "",
        "phone": "+573001234567",
        "address": "",
        "birth_date": "1990-05-17",
        "profile_photo_url": "",
        "status": "ACTIVE",
        "role": "CLIENT",
        "created_at": "",
    }
    assert phone.me(answer.json()["access"]).json()["id"] == user["id"]
    stored = User.objects.get()
    assert stored.password.startswith("argon2$argon2id$")
    assert stored.check_password(PASSWORD)
    assert set(Consent.objects.values_list("kind", "version", "client_address")) == {
        ("TERMS", "2026-11", "127.0.0.1"),
        ("PRIVACY", "2026-11", "127.0.0.1"),
    }
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {
        "users.user_registered",
        "users.consent_given",
        "users.signed_in",
    }


def test_data_and_password_hash_leave_the_challenge_when_it_is_used(phone, registration):
    verified(phone, registration)
    challenge = Challenge.objects.get()
    assert (challenge.data, challenge.password_hash) == ({}, "")


def test_becoming_active_is_announced(phone, registration, settings):
    settings.INSURE_COMMON = settings.INSURE_COMMON | {"SUBSCRIBERS": {"user_activated": ["somewhere.hear_task"]}}
    user = verified(phone, registration).json()["user"]
    assert OutboxMessage.objects.get(task="somewhere.hear_task").payload == {"user_id": user["id"]}


def test_known_email_gets_a_mail_and_its_challenge_can_never_succeed(phone, registration):
    make_user(email_primary=EMAIL)
    answer = phone.post("auth/register", **registration)
    assert answer.status_code == 202
    phone.drain_outbox()
    (message,) = phone.mailbox.messages(to=EMAIL)
    assert "Ya tiene una cuenta" in message["subject"]
    codes = []
    for attempt in range(7):
        body = {"challenge_id": answer.json()["challenge_id"], "code": f"{attempt:06}"}
        codes.append(phone.post("auth/otp/verify", **body).json()["code"])
    assert codes == ["otp_invalid"] * 5 + ["otp_exhausted"] * 2
    assert User.objects.count() == 1


def test_somebody_elses_document_is_told_only_after_the_code_and_waits_for_an_operator(phone, registration):
    make_user(id_type="CC", id_number="52123456")
    answer = verified(phone, registration)
    assert answer.status_code == 200
    assert answer.json()["user"]["status"] == "PENDING"
    assert answer.json()["access"] is answer.json()["refresh"] is None
    assert phone.post("auth/login", email=EMAIL, password=PASSWORD).status_code == 401


def test_a_later_registration_of_the_same_address_ends_the_earlier_one(phone, registration):
    first = phone.post("auth/register", **registration).json()["challenge_id"]
    code = phone.code(EMAIL)
    phone.post("auth/register", **registration)
    answer = phone.post("auth/otp/verify", challenge_id=first, code=code)
    assert answer.json()["code"] == "otp_invalid"


def test_outdated_terms_are_a_conflict(phone, registration):
    answer = phone.post("auth/register", **registration | {"terms_version": "2020-01"})
    assert (answer.status_code, answer.json()["code"]) == (409, "terms_outdated")
    assert phone.api.get("/api/v1/auth/terms/").json() == {
        "terms_version": "2026-11",
        "url": "https://www.example.com/terminos",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("full_name", ""),
        ("full_name", "Ana\r\nBcc: x@example.com"),
        ("full_name", 7),
        ("id_type", "DNI"),
        ("id_number", "0123"),
        ("id_number", "4242424242424242"),
        ("email_primary", "ana"),
        ("email_primary", "ana@example.com,luis@example.com"),
        ("email_primary", "ana@example.com\r\nBcc: luis@example.com"),
        ("email_primary", '"ana luis"@example.com'),
        ("email_primary", "анна@example.com"),
        ("email_secondary", "ana@"),
        ("phone", "123"),
        ("phone", "no"),
        ("birth_date", "2999-01-01"),
        ("birth_date", "1850-01-01"),
        ("birth_date", "17/05/1990"),
        ("password", "corta"),
        ("password", "password1234"),
        ("password", "ana maría pérez"),
        ("password", 1234567890123),
        ("password", "x" * 129),
        ("password", "x" * 100_000),
        ("accepts_terms", False),
        ("accepts_terms", "true"),
        ("role", "ADMIN"),
        ("status", "ACTIVE"),
        ("is_staff", True),
        ("is_superuser", True),
        ("id", "0198c6a0-0000-7000-8000-000000000000"),
    ],
)
def test_wrong_and_unknown_fields_are_refused_by_name(phone, registration, field, value):
    answer = phone.post("auth/register", **registration | {field: value})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Challenge.objects.exists()


@pytest.mark.parametrize(
    "password", ["una frase con espacios " * 2 + "y sesenta y cuatro", "contraseña única ñandú", "  bordes en blanco  "]
)
def test_the_exact_password_counts(phone, registration, password):
    verified(phone, registration, password=password)
    assert phone.post("auth/login", email=EMAIL, password=password.strip() + "!").status_code == 401
    assert phone.post("auth/login", email=EMAIL, password=password).status_code == 202


@pytest.mark.parametrize("variant", ["ANA@EXAMPLE.COM", "  ana@example.com ", "\uff41\uff4e\uff41@example.com"])
def test_variants_of_an_address_are_one_address(phone, registration, variant):
    make_user(email_primary=EMAIL)
    phone.post("auth/register", **registration | {"email_primary": variant})
    assert Challenge.objects.get().destination == EMAIL
    assert Challenge.objects.get().is_decoy
