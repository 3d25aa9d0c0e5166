"""/metrics: who may read it, and that each thing an operator must notice is to be seen there."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from prometheus_client.parser import text_string_to_metric_families

from insure_audit.public import record
from insure_common import liveness, outbox
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def samples(client, settings):
    def read():
        text = client.get("/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"}).content.decode()
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    return read


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer wrong", "Bearer é", "Basic x"])
def test_without_the_token_there_is_no_such_page(client, authorization):
    response = client.get("/metrics", headers={"Authorization": authorization})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("authorization", ["", "Bearer "])
def test_without_a_token_in_the_settings_nobody_reads_it(client, settings, authorization):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": authorization}).status_code == 404


def test_requests_are_counted_by_route_and_status_and_timed(client, samples):
    calls = {
        ("GET", "/api/v1/auth/terms/", "200"): "/api/v1/auth/terms/",
        ("GET", "/api/v1/charges/<uuid:pk>/", "401"): "/api/v1/charges/0192f3a0-0000-7000-8000-000000000000/",
        ("GET", "none", "404"): "/nowhere/1234",
    }
    before = samples()
    for path in calls.values():
        client.get(path)
        client.get(path)
    after = samples()
    for method, route, status in calls:
        key = ("insure_http_requests_total", *sorted((method, route, status)))
        assert after[key] - before.get(key, 0) == 2
        timed = ("insure_http_request_seconds_count", *sorted((method, route)))
        assert after[timed] - before.get(timed, 0) == 2


def test_limited_requests_are_seen(client, samples):
    headers = {"Authorization": f"Bearer {sign_in(make_user())}"}
    before = samples()
    answers = [client.post("/api/v1/payments/", headers=headers, content_type="application/json") for _ in range(6)]
    assert answers[-1].status_code == 429
    key = ("insure_http_requests_total", *sorted(("POST", "/api/v1/payments/", "429")))
    assert samples()[key] == before.get(key, 0) + 1


def test_failed_requests_are_seen(client, samples, monkeypatch):
    monkeypatch.setattr("deploy_project.health.JsonResponse", lambda *_: 1 / 0)
    client.raise_request_exception = False
    before = samples()
    assert client.get("/healthz").status_code == 500
    key = ("insure_http_requests_total", *sorted(("GET", "/healthz", "500")))
    assert samples()[key] == before.get(key, 0) + 1


def test_invented_methods_share_one_label(client, samples):
    client.generic("BREW", "/healthz")
    assert any("OTHER" in key for key in samples())
    assert not any("BREW" in key for key in samples())


def test_backlogs_and_lives_are_seen(samples, clock):
    outbox.enqueue("os.getcwd", payload={}, priority=outbox.Priority.URGENT)
    record("users.role_changed", target_type="insure_users.user", target_id=make_user().pk)
    liveness.show_life("relay")
    clock.travel(timedelta(seconds=90))
    seen = samples()
    assert seen["insure_outbox_ready", "0"] == 1
    assert seen["insure_outbox_oldest_due_seconds", "0"] >= 90
    assert seen["insure_outbox_failed",] == 0
    assert seen["insure_audit_unsealed",] == 1
    assert seen["insure_audit_oldest_unsealed_seconds",] >= 90
    assert seen["insure_process_seen_seconds", "relay"] >= 90
    assert seen["insure_payments_pending",] == seen["insure_payments_quarantined",] == 0
    assert seen["insure_payments_webhooks_unprocessed",] == 0
    assert {value for key, value in seen.items() if key[0] == "insure_gauges_failed"} == {0}


def test_requests_are_told_without_the_database(samples, monkeypatch):
    def refuse():
        raise OperationalError

    monkeypatch.setattr("insure_audit.public.gauges", refuse)
    seen = samples()
    assert seen["insure_gauges_failed", "insure_audit.public.gauges"] == 1
    assert ("insure_outbox_failed",) in seen
    assert any(key[0] == "insure_http_requests_total" for key in seen)
