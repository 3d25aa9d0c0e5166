import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from insure_common.database import advisory_lock, grant_application_role
from insure_common.models import OutboxMessage
from project.models import Note

pytestmark = pytest.mark.django_db


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql", ["UPDATE project_note SET text = 'x'", "DELETE FROM project_note", "TRUNCATE project_note"]
)
def test_append_only_table_refuses_even_its_owner(sql):
    Note.objects.create(text="kept")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        execute(sql)
    assert Note.objects.get().text == "kept"


@pytest.fixture
def application_role():
    execute("CREATE ROLE insure_test_app")
    grant_application_role(connection, role="insure_test_app")
    execute("SET LOCAL ROLE insure_test_app")
    yield
    execute("RESET ROLE")


@pytest.mark.usefixtures("application_role")
def test_application_role_works_but_cannot_change_what_is_append_only():
    OutboxMessage.objects.create(task="a", payload={}, priority=5)
    OutboxMessage.objects.all().delete()
    Note.objects.create(text="added")
    for sql in (
        "UPDATE project_note SET text = 'x'",
        "DELETE FROM project_note",
        "TRUNCATE project_note",
        "TRUNCATE insure_common_outboxmessage",
        "ALTER TABLE project_note DISABLE TRIGGER append_only",
        "DELETE FROM django_migrations",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            execute(sql)


def test_lock_is_held_until_the_transaction_ends():
    assert advisory_lock("account", 1, wait=False)
    assert advisory_lock("account", 1, wait=False)
