from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insure_audit.public import AuditEvent
from insure_common.testing.outbox import pending
from insure_policies.enums import POLICY_TRANSITIONS, PolicyStatus
from insure_policies.models import Coverage, Policy
from insure_policies.services.claim_policies import claim_policies

pytestmark = pytest.mark.django_db
FETCH = "insure_policies.tasks.fetch_documents_task"
LATER = "2026-03-05T00:00:00Z"


def wanted_documents():
    return [task for task, _ in pending()].count(FETCH)


def test_policy_of_a_known_holder_belongs_to_its_user_with_all_it_says(ana, apply, row):
    assert apply(row()) == (1, 0, 0, [])
    policy = Policy.objects.get()
    assert policy.user == ana
    assert (policy.system, policy.reference, policy.holder_reference) == ("CASSE", "POL-1", "HOL-1001")
    assert (policy.status, policy.product_code, policy.number) == ("ACTIVE", "AUTO", "100-POL-1")
    assert (policy.starts_on, policy.ends_on) == (date(2026, 1, 1), date(2026, 12, 31))
    assert policy.premium["total"].amount_in_cents == 119_000_00
    assert policy.insured == [{"kind": "VEHICLE", "description": "Automóvil", "identifier": "ABC123"}]
    assert policy.last_synced_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert [(coverage.code, coverage.premium_in_cents) for coverage in policy.coverages.all()] == [
        ("DANOS", 50_000_50),
        ("RC", 50_000_50),
    ]
    assert wanted_documents() == 1


def test_knowing_a_document_number_opens_nothing(make_member, apply, row):
    make_member("eve", id_number="1001")
    apply(row())
    assert Policy.objects.get().user is None
    assert wanted_documents() == 0


def test_unchanged_rows_are_not_written(ana, apply, row):
    apply(row("POL-1"), row("POL-2"))
    with CaptureQueriesContext(connection) as statements:
        assert apply(row("POL-1"), row("POL-2", updated_at=LATER)) == (0, 0, 2, [])
    written = [statement["sql"] for statement in statements if statement["sql"].startswith(("INSERT", "UPDATE", "DEL"))]
    assert written == []
    assert wanted_documents() == 2


def test_changed_row_updates_the_policy_and_replaces_its_coverages(ana, apply, row):
    apply(row())
    before = Policy.objects.get()
    [coverage, _] = row().coverages
    changed = row(status="SUSPENDIDA", ends_on="2027-01-31", updated_at=LATER).model_copy(
        update={"coverages": (coverage,)}
    )
    assert apply(changed) == (0, 1, 0, [])
    after = Policy.objects.get()
    assert (after.pk, after.user_id, after.created_at) == (before.pk, ana.pk, before.created_at)
    assert (after.status, after.ends_on) == ("SUSPENDED", date(2027, 1, 31))
    assert list(Coverage.objects.values_list("code", flat=True)) == ["RC"]


def test_each_change_is_in_the_audit_trail_by_name(ana, apply, row):
    apply(row("POL-1"), row("POL-2"))
    apply(row("POL-1", status="CANCELADA", insurer="Otra", updated_at=LATER), row("POL-2"))
    events = AuditEvent.objects.filter(action="policies.policy_synced").order_by("id")
    assert len(events) == 3
    policy = Policy.objects.get(reference="POL-1")
    assert (events[2].target_type, events[2].target_id) == ("insure_policies.policy", str(policy.pk))
    changes = events[2].metadata
    assert changes.pop("sync_run")
    assert changes == {"changed": ["status", "insurer"], "status_before": "ACTIVE", "status": "CANCELLED"}
    assert events[0].metadata["created"] is True


def test_row_that_would_move_a_policy_to_another_holder_is_refused(ana, make_member, apply, row):
    make_member("bob", id_number="2002")
    apply(row())
    moved = row(holder="2002", updated_at=LATER, number="stolen")
    other = row("POL-2", updated_at=LATER)
    assert apply(moved, other) == (1, 0, 0, [("POL-1", "the policy belongs to another holder")])
    policy = Policy.objects.get(reference="POL-1")
    assert (policy.user, policy.holder_reference, policy.number) == (ana, "HOL-1001", "100-POL-1")


def test_issued_policy_never_goes_back_to_being_in_issue(ana, apply, row):
    apply(row())
    created, updated, unchanged, refused = apply(row(status="EN_TRAMITE", updated_at=LATER))
    assert (created, updated, unchanged) == (0, 0, 0)
    assert refused == [("POL-1", "the status cannot go from ACTIVE to PENDING")]
    assert Policy.objects.get().status == "ACTIVE"


def test_every_status_has_its_transitions():
    assert set(POLICY_TRANSITIONS) == set(PolicyStatus)
    assert all(PolicyStatus.PENDING not in following for following in POLICY_TRANSITIONS.values())


def test_row_older_than_what_is_known_changes_nothing(ana, apply, row):
    apply(row(updated_at=LATER, insurer="New"))
    assert apply(row(insurer="Old")) == (0, 0, 1, [])
    assert Policy.objects.get().insurer == "New"


def test_row_that_names_a_coverage_twice_is_refused_alone(ana, apply, row):
    twice = row("POL-1").model_copy(update={"coverages": row().coverages * 2})
    assert apply(twice, row("POL-2")) == (1, 0, 0, [("POL-1", "a coverage is named twice")])


def test_number_of_statements_does_not_depend_on_number_of_rows(apply, row):
    apply(row("POL-0"))
    with CaptureQueriesContext(connection) as few:
        apply(row("POL-1"), row("POL-2"))
    with CaptureQueriesContext(connection) as many:
        apply(*(row(f"POL-{number}") for number in range(3, 43)))
    assert len(few) == len(many)


def test_waiting_policies_go_to_the_user_who_proved_to_be_their_holder(make_member, apply, row):
    apply(row("POL-1"), row("POL-2"), row("POL-3", holder="2002"))
    ana = make_member(id_number="1001")
    assert claim_policies(system="CASSE", holder_reference="HOL-1001", user_id=ana.pk) == 2
    assert claim_policies(system="CASSE", holder_reference="HOL-1001", user_id=ana.pk) == 0
    assert sorted(Policy.objects.filter(user=ana).values_list("reference", flat=True)) == ["POL-1", "POL-2"]
    assert AuditEvent.objects.filter(action="policies.policy_claimed").count() == 2
    assert wanted_documents() == 2


def test_policy_of_one_user_is_never_given_to_another(ana, make_member, apply, row):
    apply(row())
    bob = make_member("bob")
    assert claim_policies(system="CASSE", holder_reference="HOL-1001", user_id=bob.pk) == 0
    assert Policy.objects.get().user == ana


def test_policies_of_other_systems_are_left_alone(ana, apply, row):
    apply(row())
    assert claim_policies(system="OTHER", holder_reference="HOL-1001", user_id=ana.pk) == 0
