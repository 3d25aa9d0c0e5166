"""What each role sees of a client's personal data, field by field."""

from typing import Any

import pytest

from insure_common import clock
from insure_payments.testing.factories import make_charge, make_payment
from insure_policies.testing.factories import make_policy
from insure_users.enums import Role
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in

pytestmark = pytest.mark.django_db

CLARA = {
    "full_name": "Clara Rojas Peña",
    "id_number": "1098765432",
    "email_primary": "clara@example.com",
    "email_secondary": "",
    "phone": "+573157654321",
    "address": "Calle 93",
    "birth_date": "1987-03-09",
    "profile_photo_url": "https://example.com/c.jpg",
}
MASKED = {
    "full_name": "C*** R*** P***",
    "id_number": "******5432",
    "email_primary": "c***@example.com",
    "email_secondary": "",
    "phone": "***********21",
    "address": "********",
    "birth_date": None,
    "profile_photo_url": "",
}
INSURED = {"kind": "PERSONA", "description": "Clara Rojas Peña", "identifier": "1098765432"}
MASKED_INSURED = {"kind": "PERSONA", "description": "C*** R*** P***", "identifier": "******5432"}
UNMASKED = {Role.ADMIN, Role.SUPERVISOR}
STAFF = [*UNMASKED, Role.INTERVENTORIA]


@pytest.fixture
def clara() -> Any:
    clara = make_user(**CLARA)
    make_policy(user=clara, insured=[INSURED])
    method = {
        "type": "PSE",
        "institution": "1",
        "person_type": "NATURAL",
        "id_type": "CC",
        "id_number": CLARA["id_number"],
    }
    make_payment(user=clara, charges=[make_charge(user=clara)], method=method)
    return clara


@pytest.fixture
def look(api: Any) -> Any:
    """The only row of a list, and that row by itself, as a role sees them."""

    def look(role: str, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(make_user(role=role))}")
        (row,) = api.get(f"/api/v1/admin/{path}/").json()["results"][-1:]
        return row, api.get(f"/api/v1/admin/{path}/{row['id']}/").json()

    return look


@pytest.mark.parametrize("role", STAFF)
def test_user(look, clara, role):
    row, one = look(role, "users")
    assert row["id"] == one["id"] == str(clara.pk)
    seen = CLARA if role in UNMASKED else MASKED
    assert {name: row[name] for name in seen} == {name: one[name] for name in seen} == seen
    assert set(row) == {*seen, "id", "id_type", "status", "role", "created_at"}


@pytest.mark.parametrize("role", STAFF)
def test_policy(look, clara, role):
    row, one = look(role, "policies")
    assert row["insured"] == [MASKED_INSURED]
    assert one["insured"] == [INSURED if role in UNMASKED else MASKED_INSURED]
    assert row["user"] == str(clara.pk)
    assert not names_clara(row)


@pytest.mark.parametrize("role", STAFF)
def test_payment(look, clara, role):
    row, one = look(role, "payments")
    assert row["method"]["id_number"] == one["method"]["id_number"] == "****5432"
    assert not names_clara(row)
    assert not names_clara(one)


@pytest.mark.parametrize("role", STAFF)
def test_account(api, clara, role):
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(make_user(role=role))}")
    for path in (f"accounts/{clara.pk}/", f"accounts/{clara.pk}/entries/"):
        assert not names_clara(api.get(f"/api/v1/admin/{path}").json())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", STAFF)
def test_reports(api, clara, role, drain_outbox):
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(make_user(role=role))}")
    today = str(clock.today())
    body = {"kind": "payments.movements", "format": "CSV", "parameters": {"from": today, "to": today}}
    report = api.post("/api/v1/admin/reports/", body).json()
    drain_outbox(reraise=False)
    answer = api.get(f"/api/v1/admin/reports/{report['id']}/download/")
    text = b"".join(answer.streaming_content).decode()
    assert ('"Clara Rojas Peña","CC 1098765432"' in text) == (role in UNMASKED)
    assert ('"C*** R*** P***","*********5432"' in text) == (role not in UNMASKED)


def names_clara(answer: Any) -> bool:
    return any(str(value) in str(answer) for value in CLARA.values() if value)
