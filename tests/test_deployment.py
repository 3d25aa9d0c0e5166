"""What only the composition can show: the schema, the checks, health, the rights of the database role, JSON errors."""

import pickle

import django
import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads

from deploy_project import celery_app

pytestmark = pytest.mark.django_db


def test_schema_is_generated_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_migrations_are_complete():
    call_command("makemigrations", "--check", "--dry-run")


def test_alive_and_ready(client):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready", "database": True, "pending_migrations": 0}


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/nowhere/", "/api/v1/charges"])
def test_unknown_paths_are_json(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert set(response.json()) == {"detail", "code", "correlation_id"}


def test_wrong_host_is_json(client):
    response = client.get("/api/v1/charges/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert response.json()["code"] == "bad_request"


def test_worker_takes_json_only_and_loses_nothing_with_its_process():
    settings = celery_app.conf
    assert (settings.accept_content, settings.task_serializer) == (["json"], "json")
    assert settings.task_acks_late
    assert settings.task_reject_on_worker_lost
    assert settings.broker_transport_options["visibility_timeout"] > settings.task_time_limit
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps({}), "application/x-python-serialize", "binary", accept=settings.accept_content)


def test_framework_is_a_patched_one():
    assert django.VERSION >= (5, 2, 11)


def test_nobody_exists_in_a_fresh_database(django_user_model):
    assert not django_user_model.objects.exists()


def append_only_tables():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'")
        return sorted(table for (table,) in cursor.fetchall())


def test_ledger_and_audit_trail_can_only_be_added_to():
    tables = append_only_tables()
    assert {"insure_audit_event", "insure_payments_entry", "insure_payments_line"} <= set(tables)
    for table in tables:
        for sql in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"DROP TABLE {table}"):
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
                connection.cursor().execute(sql)
