"""Who may ask for reports and see them, and what becomes of one whatever happens to its worker."""

import hashlib
import os
import signal
import threading
import time
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.contrib.auth.models import Permission
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from insure_audit.models import Event, Report
from insure_audit.public import purge
from insure_audit.reports import csv_file
from insure_audit.reports.kinds import report_kinds
from insure_audit.services import render_report as rendering
from insure_audit.services.render_report import render_report
from insure_common import outbox
from insure_common.models import OutboxMessage
from insure_common.testing.members.models import Member

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/admin/reports/"
BODY = {"kind": "tests.members", "format": "CSV"}
CREATE = ("create_report", "view_audit_event")
UNMASKED = (*CREATE, "view_report_personal_data")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    backend = settings.STORAGES["default"]["BACKEND"]
    location = tmp_path / "media"
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend, "OPTIONS": {"location": str(location)}}}
    return location


@pytest.fixture
def enter(api):
    """Sign in a new member with these rights."""

    def enter(*rights, name="Ana Ruiz"):
        member = Member.objects.create(email=f"{uuid4()}@example.com", full_name=name, id_number="1098765432")
        member.user_permissions.set(Permission.objects.filter(codename__in=rights))
        api.force_authenticate(member)
        return member

    return enter


@pytest.fixture
def ask(api):
    def ask(status=202, headers=None, **changes):
        answer = api.post(URL, BODY | changes, headers=headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    return ask


def files(media):
    return sorted(path.name for path in media.rglob("*") if path.is_file())


def content(api, report):
    answer = api.get(f"{URL}{report['id']}/download/")
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def test_report_is_asked_for_written_and_downloaded(api, enter, ask, drain_outbox, media):
    member = enter(*UNMASKED)
    report = ask()
    assert (report["status"], report["progress"], report["rows"], report["sha256"]) == ("QUEUED", 0, None, "")
    assert (report["title"], report["requested_by"], report["is_masked"]) == ("Members", str(member.pk), False)
    assert OutboxMessage.objects.get().priority == outbox.Priority.BULK
    drain_outbox()
    done = api.get(f"{URL}{report['id']}/").json()
    assert (done["status"], done["progress"], done["rows"], done["error"]) == ("DONE", 100, 1, "")
    answer = api.get(f"{URL}{report['id']}/download/")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"].startswith('attachment; filename="tests.members-')
    written = b"".join(answer.streaming_content)
    assert hashlib.sha256(written).hexdigest() == done["sha256"]
    assert written.decode().splitlines()[1] == f'"Ana Ruiz","1098765432","",{len(member.email)},-1234567.50,"COP"'
    assert [row["id"] for row in api.get(URL).json()["results"]] == [report["id"]]
    assert api.get(URL, {"status": "QUEUED"}).json()["results"] == []


def test_asking_and_downloading_are_audited(api, enter, ask, drain_outbox):
    member = enter(*CREATE)
    report = ask()
    drain_outbox()
    content(api, report)
    events = list(Event.objects.order_by("pk").values_list("action", "actor", "target_id", "metadata"))
    told = {"kind": "tests.members", "is_masked": True}
    assert events == [
        ("audit.report_requested", member.pk, report["id"], told | {"format": "CSV"}),
        ("audit.report_downloaded", member.pk, report["id"], told),
    ]


def test_personal_data_is_masked_without_the_right_to_it(api, enter, ask, drain_outbox):
    enter(*CREATE)
    report = ask()
    assert report["is_masked"] is True
    drain_outbox()
    line = content(api, report).decode().splitlines()[1]
    assert line.startswith('"A*** R***","******5432",')


def test_who_loses_a_right_loses_what_it_had_opened(api, enter, ask, drain_outbox):
    member = enter(*UNMASKED)
    report = ask()
    drain_outbox()
    for lost in ("view_report_personal_data", "view_audit_event"):
        member.user_permissions.set(Permission.objects.filter(codename__in=set(UNMASKED) - {lost}))
        api.force_authenticate(Member.objects.get(pk=member.pk))
        assert api.get(URL).json()["results"] == []
        assert api.get(f"{URL}{report['id']}/download/").status_code == 404


def test_own_reports_only_unless_one_may_see_all(api, enter, ask):
    enter(*CREATE)
    report = ask()
    enter(*CREATE)
    assert api.get(URL).json()["results"] == []
    assert api.get(f"{URL}{report['id']}/").status_code == 404
    assert api.get(f"{URL}{report['id']}/download/").status_code == 404
    enter(*CREATE, "view_any_report")
    assert [row["id"] for row in api.get(URL).json()["results"]] == [report["id"]]
    enter("view_audit_event")
    for path in (URL, f"{URL}{report['id']}/", f"{URL}{report['id']}/download/", "/api/v1/admin/report-kinds/"):
        assert api.get(path).status_code == 403
    assert api.post(URL, BODY).status_code == 403


def test_kinds_say_what_can_be_asked(api, enter):
    enter(*CREATE)
    answer = api.get("/api/v1/admin/report-kinds/", headers={"accept-language": "es"}).json()
    assert (answer["next"], answer["previous"]) == (None, None)
    members, period = answer["results"]
    assert members == {"kind": "tests.members", "title": "Members", "formats": ["CSV", "PDF"], "parameters": {}}
    assert list(period["parameters"]) == ["from", "to"]
    since = period["parameters"]["from"]
    assert (since["type"], since["required"], since["label"]) == ("date", True, "Desde")
    enter("create_report")
    assert api.get("/api/v1/admin/report-kinds/").json()["results"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "tests.never"}, "kind"),
        ({"format": "XLS"}, "format"),
        ({"parameters": {"x": 1}}, "parameters.x"),
        ({"parameters": []}, "parameters"),
        ({"more": 1}, "more"),
        ({"kind": "tests.period"}, "parameters.from"),
        ({"kind": "tests.period", "parameters": {"from": "2026-02-02", "to": "2026-02-01"}}, "parameters.to"),
        ({"kind": "tests.period", "parameters": {"from": "2025-01-01", "to": "2026-01-02"}}, "parameters.to"),
    ],
)
def test_what_cannot_be_asked_is_named(enter, ask, changes, field):
    enter(*CREATE)
    assert field in ask(status=400, **changes)["errors"]
    assert not Report.objects.exists()


def test_kind_without_the_right_to_its_data_is_unknown(enter, ask):
    enter("create_report")
    assert list(ask(status=400)["errors"]) == ["kind"]


def test_same_key_makes_one_report(enter, ask):
    enter(*CREATE)
    first = ask(headers={"Idempotency-Key": "once"})
    assert ask(headers={"Idempotency-Key": "once"})["id"] == first["id"]
    assert ask(status=422, headers={"Idempotency-Key": "once"}, format="PDF")["code"] == "idempotency_key_reused"
    assert ask()["id"] != first["id"]


def test_unfinished_reports_of_one_user_are_limited(enter, ask, drain_outbox, settings):
    settings.INSURE_AUDIT = settings.INSURE_AUDIT | {"REPORTS_AT_ONCE": 2}
    enter(*CREATE)
    ask()
    ask()
    assert ask(status=409)["code"] == "reports_under_way"
    drain_outbox()
    ask()


def test_report_without_file_has_none_to_download(api, enter, ask):
    enter(*CREATE)
    answer = api.get(f"{URL}{ask()['id']}/download/")
    assert (answer.status_code, answer.json()["code"]) == (409, "report_not_ready")


def test_delivered_twice_gives_one_file(enter, ask, media):
    enter(*CREATE)
    report = ask()
    render_report(report_id=report["id"])
    first = Report.objects.values().get()
    render_report(report_id=report["id"])
    assert Report.objects.values().get() == first
    assert files(media) == [f"{report['id']}-1.csv"]


def test_of_two_at_the_same_time_the_later_one_gives_the_file(enter, ask, media, monkeypatch):
    enter(*CREATE)
    report = ask()
    finish = rendering._finish

    def overtaken(mine, **result):
        monkeypatch.setattr(rendering, "_finish", finish)
        other = threading.Thread(target=_render_in_thread, args=[report["id"]])
        other.start()
        other.join()
        finish(mine, **result)

    monkeypatch.setattr(rendering, "_finish", overtaken)
    with pytest.raises(outbox.LeaseLost):
        render_report(report_id=report["id"])
    stored = Report.objects.get()
    assert (stored.status, stored.attempts) == ("DONE", 2)
    assert files(media) == [os.path.basename(stored.path)] == [f"{report['id']}-2.csv"]


def _render_in_thread(report_id):
    try:
        render_report(report_id=report_id)
    finally:
        connection.close()


def killed_while_it_saves(report_id, media):
    """A worker that the kernel ends in the middle of its file."""
    connection.close()
    child = os.fork()
    if child == 0:
        write = default_storage.save

        def half(path, file):
            (media / path).parent.mkdir(parents=True, exist_ok=True)
            (media / path).write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
            return write(path, file)

        default_storage.save = half
        render_report(report_id=report_id)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def test_killed_half_way_gives_one_whole_file(api, enter, ask, media):
    enter(*CREATE)
    report = ask()
    killed_while_it_saves(report["id"], media)
    assert files(media) == [f"{report['id']}-1.csv"]
    assert api.get(f"{URL}{report['id']}/").json()["status"] == "RUNNING"
    assert api.get(f"{URL}{report['id']}/download/").status_code == 409
    render_report(report_id=report["id"])
    assert files(media) == [f"{report['id']}-2.csv"]
    assert content(api, report).count(b"\r\n") == 2


def test_report_that_always_ends_its_worker_fails_with_a_reason_and_no_file(api, enter, ask, media):
    enter(*CREATE)
    report = ask()
    for _ in range(3):
        killed_while_it_saves(report["id"], media)
    render_report(report_id=report["id"])
    failed = api.get(f"{URL}{report['id']}/", headers={"accept-language": "es"}).json()
    assert (failed["status"], failed["failure_reason"], failed["rows"]) == ("FAILED", "interrupted", None)
    assert failed["error"].startswith("El informe se interrumpió")
    assert files(media) == []


def test_report_that_takes_too_long_fails_with_a_reason(api, enter, ask, media, monkeypatch):
    def too_long(*_args, **_options):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(csv_file.csv, "writer", too_long)
    enter(*CREATE)
    report = ask()
    render_report(report_id=report["id"])
    assert api.get(f"{URL}{report['id']}/").json()["failure_reason"] == "took_too_long"
    assert files(media) == []


@pytest.mark.parametrize(
    ("format", "limit", "reason"),
    [("CSV", "REPORT_CSV_ROWS", "too_long"), ("PDF", "REPORT_PDF_ROWS", "too_long_for_pdf")],
)
def test_too_many_rows_fail_with_what_to_do(api, enter, ask, settings, media, drain_outbox, format, limit, reason):
    settings.INSURE_AUDIT = settings.INSURE_AUDIT | {limit: 1}
    enter(*CREATE)
    enter(*CREATE)
    report = ask(format=format)
    drain_outbox()
    failed = api.get(f"{URL}{report['id']}/", headers={"accept-language": "en"}).json()
    assert (failed["status"], failed["failure_reason"]) == ("FAILED", reason)
    assert ("CSV" in failed["error"]) == (format == "PDF")
    assert files(media) == []


def test_rows_are_of_one_moment(enter, ask, monkeypatch, api):
    """Who joins or changes while a report is written is not in it."""
    enter(*UNMASKED)
    Member.objects.bulk_create([Member(email=f"{n}@example.com", full_name="Old") for n in range(4_500)])
    report = ask()
    monkeypatch.setattr("insure_audit.reports.rows.RECORDS_AT_ONCE", 100)
    write = csv_file.csv.writer

    def change():
        Member.objects.filter(full_name="Old").update(full_name="New")
        Member.objects.create(email="late@example.com", full_name="Late")
        connection.close()

    def writer(*args, **options):
        thread = threading.Thread(target=change)
        thread.start()
        thread.join()
        return write(*args, **options)

    monkeypatch.setattr(csv_file.csv, "writer", writer)
    render_report(report_id=report["id"])
    text = content(api, report).decode()
    assert Member.objects.filter(full_name="New").count() == 4_500
    assert (text.count('"Old"'), text.count('"New"'), text.count('"Late"')) == (4_500, 0, 0)


def test_progress_is_seen_while_the_report_is_written(enter, ask, monkeypatch):
    enter(*CREATE)
    enter(*CREATE)
    report, kind = ask(), report_kinds()["tests.members"]
    passed, seen = [], []

    def wait_for_progress(members):
        """The first record passes at once, the second when somebody has seen the first."""
        if passed:
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        passed.extend(members)
        return kind.rows(members)

    def look():
        deadline = time.monotonic() + 10
        while not (progress := Report.objects.get(pk=report["id"]).progress) and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append(progress)
        connection.close()

    monkeypatch.setattr("insure_audit.reports.rows.RECORDS_AT_ONCE", 1)
    monkeypatch.setattr(rendering, "PROGRESS_EVERY", timedelta(milliseconds=20))
    monkeypatch.setitem(report_kinds(), "tests.members", replace(kind, rows=wait_for_progress))
    render_report(report_id=report["id"])
    assert seen == [50]


def test_expired_reports_are_gone_and_purged_with_their_files(api, enter, ask, media, clock, drain_outbox):
    enter(*CREATE)
    old = ask()
    drain_outbox()
    clock.travel(timedelta(days=7, seconds=1))
    for path in (f"{URL}{old['id']}/", f"{URL}{old['id']}/download/"):
        assert api.get(path).status_code == 404
    kept = ask()
    drain_outbox()
    assert purge() == 1
    assert [str(pk) for pk in Report.objects.values_list("pk", flat=True)] == [kept["id"]]
    assert files(media) == [f"{kept['id']}-1.csv"]


def test_lost_file_is_said_and_not_recorded_as_read(api, enter, ask, media, drain_outbox):
    enter(*CREATE)
    report = ask()
    drain_outbox()
    (media / Report.objects.get().path).unlink()
    assert api.get(f"{URL}{report['id']}/download/").status_code == 503
    assert not Event.objects.filter(action="audit.report_downloaded").exists()


def test_number_of_statements_does_not_depend_on_number_of_reports(api, enter, ask):
    enter(*CREATE)
    ask()
    with CaptureQueriesContext(connection) as few:
        api.get(URL)
    ask()
    ask()
    with CaptureQueriesContext(connection) as many:
        assert len(api.get(URL).json()["results"]) == 3
    assert len(few) == len(many)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "DONE"},
        {"status": "FAILED"},
        {"status": "LOST"},
        {"rows": 1},
        {"path": "half.csv"},
        {"format": "XLS"},
        {"progress": 101},
    ],
)
def test_database_refuses_a_report_that_cannot_be(enter, ask, wrong):
    enter(*CREATE)
    ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.update(**wrong)
