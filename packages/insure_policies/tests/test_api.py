import hashlib
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insure_audit.public import AuditEvent
from insure_common import clock
from insure_policies.testing.factories import make_document, make_policy

pytestmark = pytest.mark.django_db
URL = "/api/v1/policies/"
ADMIN_URL = "/api/v1/admin/policies/"
PDF = b"%PDF-1.7\nhello\n"


def stored(policy, content=PDF, **fields):
    path = default_storage.save(f"policies/{uuid4()}.pdf", ContentFile(content))
    digest = hashlib.sha256(content).hexdigest()
    return make_document(policy, path=path, sha256=digest, size=len(content), stored_at=clock.now(), **fields)


@pytest.fixture
def signed_in(api, ana):
    api.force_authenticate(ana)
    return ana


@pytest.fixture
def staff(api, make_member):
    member = make_member("staff")
    member.user_permissions.add(Permission.objects.get(codename="view_any_policy"))
    api.force_authenticate(member)
    return member


def test_policy_reads_as_the_contract_says(api, signed_in):
    policy = make_policy(user=signed_in)
    document = stored(policy)
    answer = api.get(f"{URL}{policy.pk}/")
    assert answer.status_code == 200
    assert answer["Cache-Control"].find("no-store") >= 0
    cop = {"currency": "COP"}
    body = answer.json()
    assert body.pop("last_synced_at")
    assert body == {
        "id": str(policy.pk),
        "external_reference": policy.reference,
        "number": policy.number,
        "product": "AUTO",
        "status": "ACTIVE",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "insured": [{"kind": "VEHICLE", "description": "Automóvil", "identifier": "ABC123"}],
        "insurer": "Seguros de Prueba S.A.",
        "premium": {
            "net": {"amount_in_cents": 10_000_000, **cop},
            "tax": {"amount_in_cents": 1_900_000, **cop},
            "total": {"amount_in_cents": 11_900_000, **cop},
        },
        "payment_plan": "ANUAL",
        "coverages": [
            {
                "code": "C0",
                "name": "Cobertura 0",
                "insured_amount": {"amount_in_cents": 5_000_000_000, **cop},
                "deductible": {"amount_in_cents": 100_000_000, **cop},
                "premium": {"amount_in_cents": 10_000_000, **cop},
            }
        ],
        "documents": [
            {
                "id": str(document.pk),
                "name": "poliza.pdf",
                "issued_on": "2026-01-01",
                "content_type": "application/pdf",
                "size": len(PDF),
                "sha256": hashlib.sha256(PDF).hexdigest(),
                "is_available": True,
            }
        ],
    }


def test_clients_see_their_own_policies_only(api, signed_in, make_member):
    mine = [make_policy(user=signed_in) for _ in range(2)]
    make_policy(user=make_member("bob"))
    make_policy(user=None)
    listed = api.get(URL).json()["results"]
    assert [policy["id"] for policy in listed] == [str(policy.pk) for policy in reversed(mine)]


def test_another_clients_policy_cannot_be_told_from_one_that_never_was(api, signed_in, make_member):
    foreign = make_policy(user=make_member("bob"))
    waiting = make_policy(user=None)
    document = stored(foreign)
    mine = make_policy(user=signed_in)

    def answer(path):
        with CaptureQueriesContext(connection) as statements:
            response = api.get(path)
        body = response.json()
        body.pop("correlation_id")
        return response.status_code, body, len(statements)

    never = answer(f"{URL}{uuid4()}/")
    assert never[0] == 404
    assert answer(f"{URL}{foreign.pk}/") == answer(f"{URL}{waiting.pk}/") == never

    never = answer(f"{URL}{uuid4()}/documents/{uuid4()}/download/")
    assert never[0] == 404
    assert answer(f"{URL}{foreign.pk}/documents/{document.pk}/download/") == never
    assert answer(f"{URL}{mine.pk}/documents/{document.pk}/download/") == never
    assert answer(f"{URL}{mine.pk}/documents/{uuid4()}/download/") == never


@pytest.mark.parametrize("path", [URL, f"{URL}{uuid4()}/", f"{URL}{uuid4()}/documents/{uuid4()}/download/", ADMIN_URL])
def test_nobody_is_served_unless_signed_in(api, path):
    make_policy(user=None)
    assert api.get(path).status_code in (401, 403)


def test_filters_narrow_the_list(api, signed_in):
    active = make_policy(user=signed_in)
    expired = make_policy(user=signed_in, status="EXPIRED", product_code="HOGAR")

    def found(**filters):
        return [policy["id"] for policy in api.get(URL, filters).json()["results"]]

    assert found(status="EXPIRED") == [str(expired.pk)]
    assert found(product="AUTO") == [str(active.pk)]
    assert found(product="AUTO", status="EXPIRED") == []


@pytest.mark.parametrize("query", [{"user": "x"}, {"status": "VIGENTE"}, {"number": "1"}])
def test_wrong_filter_is_refused_by_name(api, signed_in, query):
    answer = api.get(URL, query)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(query)


@pytest.mark.parametrize("path", [URL, ADMIN_URL])
def test_number_of_statements_does_not_depend_on_number_of_policies(api, staff, path):
    def read():
        with CaptureQueriesContext(connection) as statements:
            assert api.get(path).json()["results"]
        return len(statements)

    for _ in range(2):
        make_document(make_policy(user=staff, coverages=2))
    read()
    few = read()
    for _ in range(10):
        make_document(make_policy(user=staff, coverages=5))
    assert read() == few


def test_document_is_downloaded_byte_for_byte(api, signed_in):
    content = PDF + bytes(range(256)) * 1000
    policy = make_policy(user=signed_in)
    document = stored(policy, content, name="póliza.pdf")
    answer = api.get(f"{URL}{policy.pk}/documents/{document.pk}/download/")
    body = b"".join(answer.streaming_content)
    assert hashlib.sha256(body).hexdigest() == document.sha256
    assert (answer["Content-Type"], answer["Content-Length"]) == ("application/pdf", str(len(content)))
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "no-store")
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''p%C3%B3liza.pdf"


def test_phone_that_asks_for_a_pdf_gets_it(api, signed_in):
    policy = make_policy(user=signed_in)
    document = stored(policy)
    path = f"{URL}{policy.pk}/documents/{document.pk}/download/"
    assert api.get(path, headers={"accept": "application/pdf"}).status_code == 200


def test_document_whose_file_is_not_here_yet_says_so(api, signed_in):
    policy = make_policy(user=signed_in)
    document = make_document(policy)
    answer = api.get(f"{URL}{policy.pk}/documents/{document.pk}/download/", headers={"accept-language": "es"})
    assert (answer.status_code, answer.json()["code"]) == (409, "document_not_ready")
    assert answer.json()["detail"].startswith("Estamos trayendo")


def test_lost_file_is_our_failure_and_not_the_callers(api, signed_in):
    policy = make_policy(user=signed_in)
    document = stored(policy)
    default_storage.delete(document.path)
    assert api.get(f"{URL}{policy.pk}/documents/{document.pk}/download/").status_code == 503


def test_staff_read_all_policies_with_who_and_what_is_insured_masked(api, staff, make_member):
    policies = [make_policy(user=make_member("bob")), make_policy(user=None)]
    listed = api.get(ADMIN_URL).json()["results"]
    assert {policy["id"] for policy in listed} == {str(policy.pk) for policy in policies}
    one = api.get(f"{ADMIN_URL}{policies[0].pk}/").json()
    assert one["user"] == str(policies[0].user_id)
    masked = [{"kind": "VEHICLE", "description": "A***", "identifier": "**C123"}]
    assert one["insured"] == listed[0]["insured"] == masked
    found = api.get(ADMIN_URL, {"number": policies[1].number}).json()["results"]
    assert [policy["id"] for policy in found] == [str(policies[1].pk)]


def test_who_and_what_is_insured_needs_a_right_of_its_own_and_is_never_listed(api, staff, make_member):
    policy = make_policy(user=make_member("bob"))
    staff.user_permissions.add(Permission.objects.get(codename="view_insured"))
    assert api.get(f"{ADMIN_URL}{policy.pk}/").json()["insured"] == policy.insured
    assert api.get(ADMIN_URL).json()["results"][0]["insured"][0]["description"] == "A***"


def test_staff_reading_one_policy_is_audited(api, staff, make_member):
    policy = make_policy(user=make_member("bob"))
    api.get(f"{ADMIN_URL}{policy.pk}/")
    event = AuditEvent.objects.get(action="policies.policy_viewed")
    assert (event.actor_id, event.target_id) == (staff.pk, str(policy.pk))


def test_clients_are_kept_out_of_the_staff_routes(api, signed_in):
    policy = make_policy(user=signed_in)
    for path in (ADMIN_URL, f"{ADMIN_URL}{policy.pk}/"):
        assert api.get(path).status_code == 403
    assert not AuditEvent.objects.exists()


def test_unknown_policy_is_404_for_staff(api, staff):
    assert api.get(f"{ADMIN_URL}{uuid4()}/").status_code == 404


def test_nothing_can_be_written_over_http(api, staff):
    policy = make_policy(user=staff)
    document = stored(policy)
    paths = (URL, f"{URL}{policy.pk}/", f"{URL}{policy.pk}/documents/{document.pk}/download/", ADMIN_URL)
    for path in (*paths, f"{ADMIN_URL}{policy.pk}/"):
        for method in (api.post, api.put, api.patch, api.delete):
            assert method(path, {}).status_code == 405


def test_last_synchronisation_tells_the_age_of_the_data_in_utc(api, signed_in):
    policy = make_policy(user=signed_in, last_synced_at=datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    assert api.get(f"{URL}{policy.pk}/").json()["last_synced_at"] == "2026-03-02T23:30:00Z"
