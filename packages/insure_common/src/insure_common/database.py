"""What the ORM has no word for: advisory locks and the rights of the application role."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


def lock_key(*parts: object) -> int:
    """A stable signed 64-bit key for PostgreSQL's advisory locks."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def advisory_lock(*parts: object, wait: bool = True) -> bool:
    """Take the lock named by `parts` until the transaction ends. False if `wait` is off and somebody else holds it."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [lock_key(*parts)])
        taken = cursor.fetchone()
    return wait or bool(taken and taken[0])


@contextmanager
def session_lock(*parts: object) -> Iterator[bool]:
    """Hold the lock named by `parts` for a block without a transaction; yields False if somebody else holds it.

    PostgreSQL frees it when the connection ends, so a holder that is killed blocks nobody.
    """
    key = [lock_key(*parts)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", key)
        is_taken = cursor.fetchone() == (True,)
    try:
        yield is_taken
    finally:
        if is_taken:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", key)


GRANTS = """
DO $$
DECLARE target text := current_setting('insure.application_role'); tables text;
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', target);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', target);
  EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %I', target);
  SELECT string_agg(tgrelid::regclass::text, ', ') INTO tables FROM pg_trigger WHERE tgname = 'append_only';
  IF tables IS NOT NULL THEN EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM %I', tables, target); END IF;
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM %I', target);
END $$
"""


def grant_application_role(connection: BaseDatabaseWrapper, *, role: str) -> None:
    """Give `role` what the application needs and no more; call as the owner after every migration.

    Tables with the trigger `append_only` (see `insure_common.operations.AppendOnly`) can only be read and added to.
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('insure.application_role', %s, true)", [role])
        cursor.execute(GRANTS)
