import pytest
from django.db import connection, transaction


@pytest.fixture(scope="session", autouse=True)
def _declared_action():
    from insure_audit.public import register_actions
    from project import reports

    register_actions({"tests.thing_changed": "Thing changed"})
    reports.register()


@pytest.fixture
def happen():
    """Record and commit a number of events; returns them."""
    from insure_audit.public import record

    def happen(number=1, **metadata):
        with transaction.atomic():
            return [
                record("tests.thing_changed", target_type="tests.thing", target_id=target, metadata=metadata)
                for target in range(number)
            ]

    return happen


@pytest.fixture
def as_superuser():
    """Run SQL as somebody who may do everything, triggers and foreign keys out of the way."""

    def execute(sql, *params):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql, params)

    return execute


@pytest.fixture(autouse=True)
def anchors(settings, tmp_path):
    """The folder of the anchored heads, fresh for each test."""
    location = tmp_path / "anchors"
    backend = settings.STORAGES["audit_anchor"]["BACKEND"]
    settings.STORAGES = settings.STORAGES | {
        "audit_anchor": {"BACKEND": backend, "OPTIONS": {"location": str(location)}}
    }
    return location
