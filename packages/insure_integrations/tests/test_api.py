import uuid

import pytest
from django.contrib.auth.models import Permission

from insure_audit.public import AuditEvent
from insure_integrations.models import SyncRun
from insure_integrations.public import notify
from insure_integrations.testing.factories import make_external_call, make_sync_run

pytestmark = pytest.mark.django_db

ADMIN_PATHS = {
    "admin/sync-jobs/": "view_sync_run",
    "admin/sync-runs/": "view_sync_run",
    "admin/external-calls/": "view_external_call",
}


@pytest.fixture
def operator(member):
    user = member(email="operator@example.com")
    codenames = ["view_sync_run", "run_sync_job", "view_external_call"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def signed_in(api, operator):
    api.force_authenticate(operator)
    return api


def results(api, path, **query):
    answer = api.get(f"/api/v1/{path}", query)
    assert answer.status_code == 200, answer.json()
    return answer.json()["results"]


@pytest.mark.parametrize(("path", "permission"), ADMIN_PATHS.items())
def test_admin_lists_need_their_right(api, member, path, permission):
    assert api.get(f"/api/v1/{path}").status_code in (401, 403)
    user = member()
    api.force_authenticate(user)
    assert api.get(f"/api/v1/{path}").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename=permission))
    api.force_authenticate(type(user).objects.get(pk=user.pk))
    assert api.get(f"/api/v1/{path}").status_code == 200


@pytest.mark.parametrize("path", ["admin/sync-runs/", "admin/external-calls/", "notifications/"])
def test_unknown_filter_is_refused(signed_in, path):
    answer = signed_in.get(f"/api/v1/{path}", {"colour": "blue"})
    assert answer.status_code == 400
    assert "colour" in answer.json()["errors"]


def test_sync_is_requested_once_for_each_key(signed_in, operator):
    body = {"job": "casse.policies", "full": True}
    answers = [
        signed_in.post("/api/v1/admin/sync-runs/", body, format="json", headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    run = SyncRun.objects.get()
    assert (run.requested_by_id, run.full) == (operator.pk, True)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id) == ("integrations.sync_requested", operator.pk)


def test_sync_needs_a_key_a_known_job_and_the_right(signed_in, api, operator):
    path, key = "/api/v1/admin/sync-runs/", {"Idempotency-Key": "k"}
    assert signed_in.post(path, {"job": "casse.policies"}, format="json").json()["code"] == "idempotency_key_required"
    answer = signed_in.post(path, {"job": "nothing"}, format="json", headers=key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["job"])
    operator.user_permissions.remove(Permission.objects.get(codename="run_sync_job"))
    api.force_authenticate(type(operator).objects.get(pk=operator.pk))
    assert api.post(path, {"job": "casse.policies"}, format="json", headers=key).status_code == 403


def test_runs_are_filtered_and_show_their_counts(signed_in):
    run = make_sync_run(created=3, error="")
    make_sync_run(job="casse.charges")
    (found,) = results(signed_in, "admin/sync-runs/", job="casse.policies", status="SUCCEEDED")
    assert (found["id"], found["created"], found["failed"], found["cursor"]) == (str(run.pk), 3, 0, "")
    assert results(signed_in, "admin/sync-runs/", status="FAILED") == []
    detail = signed_in.get(f"/api/v1/admin/sync-runs/{run.pk}/").json()
    assert detail["quarantine"] == []


def test_jobs_show_the_age_of_the_data(signed_in):
    run = make_sync_run()
    (job,) = results(signed_in, "admin/sync-jobs/")
    assert (job["name"], job["last_success"]["id"]) == ("casse.policies", str(run.pk))


def test_calls_are_filtered_by_system_status_and_correlation(signed_in):
    number = uuid.uuid4()
    call = make_external_call(system="WOMPI", status=502, correlation_id=number, request={"body": {"a": 1}})
    make_external_call()
    for query in ({"system": "WOMPI"}, {"status": 502}, {"correlation_id": number}):
        assert [row["id"] for row in results(signed_in, "admin/external-calls/", **query)] == [str(call.pk)]
    assert signed_in.get(f"/api/v1/admin/external-calls/{call.pk}/").json()["request"] == {"body": {"a": 1}}


@pytest.mark.parametrize("path", ["admin/sync-runs/", "admin/external-calls/"])
def test_query_count_does_not_depend_on_rows(signed_in, django_assert_num_queries, path):
    make = make_sync_run if "runs" in path else make_external_call
    results(signed_in, path)  # now the user's rights are cached
    for _ in range(2):
        make()
        with django_assert_num_queries(1):
            results(signed_in, path)


def test_notifications_are_ones_own(api, member):
    clara, other = member(), member(email="other@example.com")
    mine = notify(user_id=clara.pk, kind="project.welcome", context={}, dedupe_key="1")
    foreign = notify(user_id=other.pk, kind="project.welcome", context={}, dedupe_key="2")
    api.force_authenticate(clara)
    assert [row["id"] for row in results(api, "notifications/")] == [str(mine.pk)]
    assert api.post(f"/api/v1/notifications/{foreign.pk}/read/").status_code == 404
    first = api.post(f"/api/v1/notifications/{mine.pk}/read/").json()["read_at"]
    assert first is not None
    assert api.post(f"/api/v1/notifications/{mine.pk}/read/").json()["read_at"] == first


def test_notifications_need_a_user(api):
    assert api.get("/api/v1/notifications/").status_code in (401, 403)
