import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, ProgrammingError, connection, transaction

from insure_audit.models import Event, Seal, SealEntry, Unsealed
from insure_audit.public import record, seal_pending, verify
from insure_common.database import grant_application_role

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_committed_event_gets_the_next_place_once(happen):
    happen(3)
    assert seal_pending() == 3
    assert seal_pending() == 0
    happen(2)
    assert seal_pending() == 2
    assert list(SealEntry.objects.order_by("seq").values_list("seq", "seal_id")) == [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 2),
        (5, 2),
    ]
    assert list(Seal.objects.order_by("seq").values_list("seq", "size", "count")) == [(1, 3, 3), (2, 5, 2)]
    assert not Unsealed.objects.exists()
    assert verify().ok


def test_large_backlog_is_sealed_in_batches(happen, settings):
    settings.INSURE_AUDIT = settings.INSURE_AUDIT | {"SEAL_BATCH": 4}
    happen(10)
    assert seal_pending() == 10
    assert list(Seal.objects.order_by("seq").values_list("count", flat=True)) == [4, 4, 2]
    report = verify()
    assert (report.ok, report.events, report.seals) == (True, 10, 3)


def test_event_that_commits_after_younger_ones_is_not_skipped(happen):
    has_recorded, may_commit = threading.Event(), threading.Event()

    def slow_writer():
        with transaction.atomic():
            event = record("tests.thing_changed", target_type="tests.thing", target_id="slow")
            has_recorded.set()
            assert may_commit.wait(10)
        connection.close()
        return event

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(slow_writer)
        assert has_recorded.wait(10)
        younger = happen()[0]
        assert seal_pending() == 1
        may_commit.set()
        older = slow.result(10)
    assert older.pk < younger.pk
    assert seal_pending() == 1
    assert SealEntry.objects.get(event=older).seq == 2
    assert verify().ok


def test_parallel_writers_and_sealers_give_a_chain_without_gaps():
    def write(number):
        for step in range(10):
            with transaction.atomic():
                record("tests.thing_changed", target_type="tests.thing", target_id=f"{number}/{step}")
        connection.close()

    def seal(_):
        for _step in range(10):
            seal_pending()
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(lambda job: job[0](job[1]), [(write, 1), (seal, 1), (write, 2), (seal, 2), (write, 3), (write, 4)])
        )
    seal_pending()
    assert list(SealEntry.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 41))
    assert SealEntry.objects.values("event").distinct().count() == 40
    report = verify()
    assert report.problems == []


def test_nobody_waits_for_another_sealer(happen):
    happen()
    holding, release = threading.Event(), threading.Event()

    def other_sealer():
        from insure_common.database import advisory_lock

        with transaction.atomic():
            advisory_lock("insure_audit.seal")
            holding.set()
            release.wait(10)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(other_sealer)
        assert holding.wait(10)
        assert seal_pending() == 0
        release.set()
        other.result(10)
    assert seal_pending() == 1


def test_each_signed_head_is_kept_outside_of_the_database(happen, anchors):
    happen(2)
    seal_pending()
    [path] = anchors.rglob("*.json")
    seal = Seal.objects.get()
    head = json.loads(path.read_text())
    assert (path.name, head["root"], head["signature"]) == ("000000000001.json", seal.root, seal.signature)


def test_anchor_lost_by_a_dying_process_is_written_by_the_next(happen, anchors):
    happen()
    seal_pending()
    [path] = anchors.rglob("*.json")
    path.unlink()
    seal_pending()
    assert path.exists()


def test_storage_that_is_away_does_not_stop_the_sealing(happen, anchors):
    anchors.write_text("in the way of the folder")
    for number in (1, 2):
        happen()
        with pytest.raises(OSError, match="anchors"):
            seal_pending()
        assert Seal.objects.count() == number
    anchors.unlink()
    seal_pending()
    assert [path.name for path in anchors.rglob("*.json")] == ["000000000002.json"]
    assert verify().ok


def test_trail_can_be_sealed_without_an_anchor(happen, settings):
    settings.INSURE_AUDIT = settings.INSURE_AUDIT | {"ANCHOR_STORAGE": None}
    happen()
    assert seal_pending() == 1
    assert verify().ok


def test_new_key_signs_and_the_old_one_still_verifies(happen, settings):
    happen()
    seal_pending()
    new = {"next": base64.b64encode(b"n" * 32).decode()}
    settings.INSURE_AUDIT = settings.INSURE_AUDIT | {"SEAL_KEYS": new | settings.INSURE_AUDIT["SEAL_KEYS"]}
    happen()
    seal_pending()
    assert list(Seal.objects.order_by("seq").values_list("key_id", flat=True)) == ["test", "next"]
    assert verify().ok


def test_without_a_key_nothing_is_sealed_and_the_reason_is_named(happen, settings):
    settings.INSURE_AUDIT = {}
    happen()
    with pytest.raises(ImproperlyConfigured, match="SEAL_KEYS"):
        seal_pending()
    assert not Seal.objects.exists()
    assert Unsealed.objects.count() == 1


def test_tables_refuse_change_even_by_their_owner(happen):
    happen()
    seal_pending()
    for table in ("event", "seal", "sealentry"):
        column = "action" if table == "event" else "seq"
        for sql in (
            f"UPDATE insure_audit_{table} SET {column} = {column}",
            f"DELETE FROM insure_audit_{table}",
            f"TRUNCATE insure_audit_{table} CASCADE",
        ):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                connection.cursor().execute(sql)


def test_application_role_can_record_and_seal_but_never_change(happen):
    with transaction.atomic():
        cursor = connection.cursor()
        cursor.execute("CREATE ROLE insure_audit_app")
        grant_application_role(connection, role="insure_audit_app")
        cursor.execute("SET LOCAL ROLE insure_audit_app")
        happen(2)
        assert seal_pending() == 2
        for table in ("event", "seal", "sealentry"):
            for sql in (
                f"UPDATE insure_audit_{table} SET {'action' if table == 'event' else 'seq'} = DEFAULT",
                f"DELETE FROM insure_audit_{table}",
                f"TRUNCATE insure_audit_{table} CASCADE",
                f"ALTER TABLE insure_audit_{table} DISABLE TRIGGER ALL",
            ):
                with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
                    cursor.execute(sql)
        transaction.set_rollback(True)


def test_event_waiting_for_its_seal_is_no_problem_until_it_is_overdue(happen, clock):
    event = happen()[0]
    assert verify().ok
    clock.travel(timedelta(seconds=11))
    assert verify().problems == [f"event {event.pk}: without a seal for more than 10 s"]
    seal_pending()
    assert verify().ok
    assert Event.objects.count() == 1
