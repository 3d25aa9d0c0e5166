"""From the core system's HTTP to what the client sees."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from insure_common.outbox import emit
from insure_integrations.public import request_sync
from insure_policies.models import Policy

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.7\nhello\n"


def sync(drain_outbox):
    run = request_sync(job="casse.policies")
    drain_outbox()
    run.refresh_from_db()
    return run


def counts(run):
    return run.created, run.updated, run.unchanged, run.failed


def test_client_sees_the_policy_with_its_pdf_after_a_sync(api, ana, insurer, drain_outbox, raw_row):
    insurer.policies = [raw_row()]
    insurer.offer("DOC-1", PDF)
    assert counts(sync(drain_outbox)) == (1, 0, 0, 0)
    api.force_authenticate(ana)
    [policy] = api.get("/api/v1/policies/").json()["results"]
    assert (policy["status"], policy["external_reference"], len(policy["coverages"])) == ("ACTIVE", "POL-1", 2)
    [document] = policy["documents"]
    answer = api.get(f"/api/v1/policies/{policy['id']}/documents/{document['id']}/download/")
    assert b"".join(answer.streaming_content) == PDF


def test_policy_waits_unseen_until_its_holder_is_a_user(api, make_member, insurer, drain_outbox, raw_row):
    insurer.policies = [raw_row()]
    insurer.offer("DOC-1", PDF)
    sync(drain_outbox)
    assert insurer.served == []
    ana = make_member(id_number="1001")
    api.force_authenticate(ana)
    assert api.get("/api/v1/policies/").json()["results"] == []
    emit("user_activated", payload={"user_id": ana.pk})
    drain_outbox()
    [policy] = api.get("/api/v1/policies/").json()["results"]
    assert policy["documents"][0]["is_available"]


def test_user_activated_while_a_page_is_written_is_not_missed(apply, row, make_member, insurer, drain_outbox):
    is_written, may_commit = threading.Event(), threading.Event()

    def write_page():
        with transaction.atomic():
            apply(row())
            is_written.set()
            may_commit.wait(10)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(write_page)
        assert is_written.wait(10)
        ana = make_member(id_number="1001")
        emit("user_activated", payload={"user_id": ana.pk})
        threading.Timer(0.3, may_commit.set).start()
        drain_outbox()
        page.result(10)
    drain_outbox()
    assert Policy.objects.get().user == ana


def test_second_run_writes_nothing(ana, insurer, drain_outbox, raw_row):
    insurer.policies = [raw_row("POL-1"), raw_row("POL-2")]
    sync(drain_outbox)
    assert counts(sync(drain_outbox)) == (0, 0, 2, 0)


def test_bad_and_moved_rows_are_set_aside_and_the_rest_arrives(ana, insurer, drain_outbox, raw_row):
    insurer.policies = [raw_row("POL-1")]
    sync(drain_outbox)
    later = {"updated_at": "2026-03-05T00:00:00Z"}
    insurer.policies = [
        raw_row("POL-1", holder="2002", **later),
        raw_row("POL-2", premium={"net": "-1", "tax": "0", "total": "-1", "currency": "COP"}, **later),
        raw_row("POL-3", ends_on="2025-01-01", **later),
        raw_row("POL-4", number="9" * 500, **later),
        raw_row("POL-5", number="<b>HTML</b>", **later),
    ]
    assert counts(sync(drain_outbox)) == (1, 0, 0, 4)
    assert list(Policy.objects.order_by("reference").values_list("reference", "holder_reference")) == [
        ("POL-1", "HOL-1001"),
        ("POL-5", "HOL-1001"),
    ]


def test_what_is_known_is_still_served_while_the_core_system_is_away(api, ana, insurer, drain_outbox, raw_row, clock):
    insurer.policies = [raw_row()]
    sync(drain_outbox)
    insurer.is_away = True
    request_sync(job="casse.policies")
    for _ in range(10):
        drain_outbox(reraise=False)
        clock.travel(timedelta(minutes=10))
    api.force_authenticate(ana)
    [policy] = api.get("/api/v1/policies/").json()["results"]
    assert policy["last_synced_at"] == Policy.objects.get().last_synced_at.isoformat().replace("+00:00", "Z")


def test_portfolio_of_the_casse_sandbox_arrives_whole(casse, drain_outbox):
    run = sync(drain_outbox)
    assert (run.status, counts(run)) == ("SUCCEEDED", (30, 0, 0, 0))
    assert counts(sync(drain_outbox))[:2] == (0, 0)


def test_new_holder_of_the_casse_sandbox_downloads_the_policy(api, ana, casse, drain_outbox):
    known = casse.add_holder(id_type="CC", id_number="1001", full_name="Ana", email="ana@example.com")
    sync(drain_outbox)
    api.force_authenticate(ana)
    [policy] = api.get("/api/v1/policies/").json()["results"]
    assert (policy["external_reference"], policy["status"]) == (known["policy"], "ACTIVE")
    [document] = policy["documents"]
    answer = api.get(f"/api/v1/policies/{policy['id']}/documents/{document['id']}/download/")
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == document["sha256"]


def test_policy_that_the_casse_sandbox_moves_to_another_holder_stays(ana, casse, drain_outbox):
    mine = casse.add_holder(id_type="CC", id_number="1001", full_name="Ana", email="ana@example.com")
    sync(drain_outbox)
    other = casse.add_holder(id_type="CC", id_number="2002", full_name="Bob", email="bob@example.com")
    casse.move_policy(mine["policy"], holder=other["holder"])
    assert counts(sync(drain_outbox))[3] == 1
    policy = Policy.objects.get(reference=mine["policy"])
    assert (policy.user, policy.holder_reference) == (ana, mine["holder"])
