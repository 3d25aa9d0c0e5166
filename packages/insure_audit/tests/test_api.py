import base64
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insure_audit.conf import AuditSettings
from insure_audit.public import Proof, is_proven, record, seal_pending
from insure_common import clock, correlation
from insure_common.testing.members.models import Member

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/audit-events/"


@pytest.fixture
def auditor(api):
    member = Member.objects.create(email="auditor@example.com", full_name="Auditor")
    member.user_permissions.add(Permission.objects.get(codename="view_audit_event"))
    api.force_authenticate(member)
    return member


@pytest.mark.parametrize("path", [URL, f"{URL}{uuid4()}/", f"{URL}{uuid4()}/proof/"])
def test_trail_is_closed_without_the_right(api, path):
    assert api.get(path).status_code in (401, 403)
    api.force_authenticate(Member.objects.create(email="ana@example.com", full_name="Ana"))
    assert api.get(path).status_code == 403


def test_event_reads_as_it_was_recorded(api, auditor, happen):
    with correlation.bound(client_address="203.0.113.7") as number:
        event = record(
            "tests.thing_changed",
            actor=auditor,
            target_type="tests.thing",
            target_id=7,
            metadata={"changed": ["phone"]},
        )
    expected = {
        "id": str(event.pk),
        "actor": str(auditor.pk),
        "actor_role": "",
        "action": "tests.thing_changed",
        "sentence": "Thing changed",
        "target_type": "tests.thing",
        "target_id": "7",
        "correlation_id": str(number),
        "client_address": "203.0.113.7",
        "metadata": {"changed": ["phone"]},
    }
    answer = api.get(f"{URL}{event.pk}/").json()
    assert answer.pop("occurred_at") == event.occurred_at.isoformat().replace("+00:00", "Z")
    assert answer == expected
    [listed] = api.get(URL).json()["results"]
    assert expected.items() <= listed.items()


def test_filters_narrow_the_list(api, auditor, happen):
    older = happen(2)
    with correlation.bound() as number:
        newest = record("tests.thing_changed", actor=auditor, target_type="tests.other", target_id="x")
    now, later = clock.now().isoformat(), (clock.now() + timedelta(hours=1)).isoformat()

    def found(**filters):
        answer = api.get(URL, filters)
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()["results"]]

    assert found() == [str(event.pk) for event in (newest, older[1], older[0])]
    assert found(actor=auditor.pk) == [str(newest.pk)]
    assert found(target_type="tests.thing", target_id="0") == [str(older[0].pk)]
    assert found(correlation_id=number) == [str(newest.pk)]
    assert len(found(action="tests.thing_changed")) == 3
    assert found(action="tests.never") == []
    assert len(found(to=now)) == 3
    assert found(**{"from": later}) == []


@pytest.mark.parametrize("query", [{"actors": "x"}, {"actor": "x"}, {"from": "yesterday"}, {"correlation_id": "1"}])
def test_wrong_filter_is_refused_by_name(api, auditor, query):
    answer = api.get(URL, query)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(query)


def test_number_of_statements_does_not_depend_on_number_of_events(api, auditor, happen):
    happen(2)
    api.get(URL)
    with CaptureQueriesContext(connection) as few:
        api.get(URL)
    happen(20)
    with CaptureQueriesContext(connection) as many:
        assert len(api.get(URL).json()["results"]) == 22
    assert len(few) == len(many)


def test_proof_holds_under_the_public_key_alone(api, auditor, happen):
    events = happen(5, changed=["teléfono"])
    seal_pending()
    key = Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key()
    for event in events:
        answer = api.get(f"{URL}{event.pk}/proof/")
        assert answer.status_code == 200
        with CaptureQueriesContext(connection) as statements:
            proof = Proof(**json.loads(answer.content))
            assert proof.event["id"] == str(event.pk)
            assert is_proven(proof, key=key)
            assert not is_proven(proof, key=Ed25519PrivateKey.generate().public_key())
            for part, name, value in (
                ("event", "target_id", "9"),
                ("event", "metadata", "{}"),
                ("event", "actor_role", None),
                ("seal", "root", "0" * 64),
                ("seal", "count", "4"),
            ):
                forged = Proof(**json.loads(answer.content))
                getattr(forged, part)[name] = value
                assert not is_proven(forged, key=key)
        assert len(statements) == 0


def test_proof_of_an_event_that_waits_for_its_seal_says_so(api, auditor, happen):
    answer = api.get(f"{URL}{happen()[0].pk}/proof/", headers={"accept-language": "es"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_sealed_yet")
    assert answer.json()["detail"].startswith("El evento aún no")


def test_unknown_event_is_404(api, auditor):
    assert api.get(f"{URL}{uuid4()}/").status_code == 404
    assert api.get(f"{URL}{uuid4()}/proof/").status_code == 404


def test_nothing_can_be_written_over_http(api, auditor, happen):
    event = happen()[0]
    for path in (URL, f"{URL}{event.pk}/"):
        for method in (api.post, api.put, api.patch, api.delete):
            assert method(path, {}).status_code == 405


@pytest.mark.parametrize("seed", ["secret!", base64.b64encode(b"short").decode()])
def test_wrong_seal_key_is_named_without_its_value(settings, seed):
    settings.INSURE_AUDIT = {"SEAL_KEYS": {"k1": seed}}
    [problem] = AuditSettings.problems()
    assert "SEAL_KEYS.k1" in problem
    assert seed not in problem
