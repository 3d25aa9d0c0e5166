"""The composed suite connects as the application role; the owner makes the database."""

import pytest
from django.db import connection

from insure_common.database import grant_application_role

ROLE = "insure_test_application"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    options = connection.settings_dict.setdefault("OPTIONS", {})
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN CREATE ROLE {ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        grant_application_role(connection, role=ROLE)
        options["assume_role"] = ROLE
        connection.close()
    yield
    with django_db_blocker.unblock():
        options.pop("assume_role")
        connection.close()
