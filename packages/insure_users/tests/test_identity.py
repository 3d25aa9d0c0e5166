"""Canonical forms, and what the database itself refuses."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from insure_common.people import people
from insure_users.conf import UsersSettings
from insure_users.enums import UserStatus
from insure_users.identity import canonical_email, canonical_id_number, canonical_phone
from insure_users.public import create_admin, ensure_account
from insure_users.testing.factories import PASSWORD, make_user

User = get_user_model()


@pytest.mark.parametrize(
    ("id_type", "text", "number"),
    [
        ("CC", "52.123.456", "52123456"),
        ("CC", " 1 023 456 789 ", "1023456789"),
        ("CE", "e-123456", "E123456"),
        ("TI", "1034567890", "1034567890"),
        ("RC", "00123456789", "00123456789"),
        ("NIT", "890903938", "890903938"),
        ("NIT", "890.903.938-8", "890903938"),
        ("NIT", "860034313-7", "860034313"),
        ("PP", "ab123456", "AB123456"),
        ("PPT", "1234567", "1234567"),
        ("PEP", "900123456789012", "900123456789012"),
    ],
)
def test_documents_have_one_form(id_type, text, number):
    assert canonical_id_number(id_type=id_type, text=text) == number


@pytest.mark.parametrize(
    ("id_type", "text"),
    [
        ("CC", "0123456"),
        ("CC", "12345678901"),
        ("CC", "12A456"),
        ("CC", "١٢٣٤٥٦٧"),
        ("TI", "123"),
        ("NIT", "890903938-1"),
        ("NIT", "12345"),
        ("PP", "ñ12345"),
        ("PP", ""),
        ("PPT", "x" * 16),
    ],
)
def test_what_is_no_such_document_is_refused(id_type, text):
    with pytest.raises(ValidationError):
        canonical_id_number(id_type=id_type, text=text)


@pytest.mark.parametrize("text", ["Ana@Example.COM", " ana@example.com\u3000", "\uff41na@example.com"])
def test_addresses_have_one_form(text):
    assert canonical_email(text) == "ana@example.com"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3001234567", "+573001234567"),
        ("+57 300 123 4567", "+573001234567"),
        ("601 234 5678", "+576012345678"),
        ("+34 612 345 678", "+34612345678"),
    ],
)
def test_phones_have_one_form(text, number):
    assert canonical_phone(text) == number


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"email_primary": "taken@example.com"},
        {"email_primary": "Ana@example.com"},
        {"email_primary": "ana@example.com "},
        {"id_number": "52123456"},
        {"id_number": "52.123.457"},
        {"id_type": "DNI"},
        {"status": "OTHER"},
    ],
)
def test_database_refuses_second_and_uncanonical_identities(changes):
    make_user(email_primary="taken@example.com", id_number="52123456")
    other = make_user()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=other.pk).update(**changes)


@pytest.mark.django_db
def test_password_lies_in_the_column_password_hash():
    make_user()
    (password_hash,) = User.objects.raw(f"SELECT id, password_hash AS stored FROM {User._meta.db_table}")
    assert password_hash.stored.startswith("argon2$argon2id$")


def test_a_hash_costs_at_least_what_rfc_9106_asks_where_memory_is_short():
    costs = {name: field.default for name, field in UsersSettings.model_fields.items() if name.startswith("ARGON2_")}
    assert costs["ARGON2_TIME_COST"] >= 3
    assert costs["ARGON2_MEMORY_KIB"] >= 64 * 1024


@pytest.mark.django_db
def test_changed_costs_are_applied_at_the_next_sign_in(phone, settings):
    user = make_user()
    settings.INSURE_USERS = settings.INSURE_USERS | {"ARGON2_TIME_COST": 2, "ARGON2_MEMORY_KIB": 16}
    phone.post("auth/login", email=user.email_primary, password="wrong")
    user.refresh_from_db()
    assert "$m=8,t=1,p=1$" in user.password
    assert phone.me(phone.signed_in(user.email_primary)["access"]).status_code == 200
    user.refresh_from_db()
    assert "$m=16,t=2,p=1$" in user.password


@pytest.mark.django_db
def test_people_are_found_by_document_and_email_together_only():
    user = make_user(id_number="52123456", email_primary="ana@example.com")
    found = people().find_verified(id_type="CC", id_number="52.123.456", email="ANA@example.com")
    assert found == people().get(user.pk)
    assert (found.full_name, found.phone) == (user.full_name, user.phone)
    for id_type, id_number, email in [
        ("CC", "52123457", "ana@example.com"),
        ("CC", "52123456", "luis@example.com"),
        ("CE", "52123456", "ana@example.com"),
        ("??", "52123456", "ana@example.com"),
        ("CC", "", "ana@example.com"),
        ("CC", "52123456", ""),
    ]:
        assert people().find_verified(id_type=id_type, id_number=id_number, email=email) is None
    User.objects.update(status=UserStatus.SUSPENDED)
    assert people().find_verified(id_type="CC", id_number="52123456", email="ana@example.com") is None
    assert people().get("nobody") is None


@pytest.mark.django_db
def test_operators_make_accounts_that_can_sign_in(phone):
    details = {
        "password": PASSWORD,
        "full_name": "Luis Gómez",
        "id_type": "CC",
        "id_number": "79.123.456",
        "phone": "3109876543",
        "birth_date": date(1980, 1, 2),
    }
    admin = create_admin(email="Luis@Example.com", **details)
    assert (admin.role, admin.status) == ("ADMIN", "ACTIVE")
    same = ensure_account(email="luis@example.com", role="CLIENT", **details)
    assert (same, same.role) == (admin, "ADMIN")
    assert phone.signed_in("luis@example.com")["user"]["role"] == "ADMIN"
