"""PostgreSQL: the two roles, their rights, the migrations, the clock."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg

from insure_cli.doctor.findings import Finding, Status, fine, judged, unreachable

MIGRATE = "insure db migrate && insure db grant"
GRANT = "insure db grant"
OWN_ROLE = "make a role of its own for the application, put it into DATABASE_URL, then: insure db grant"
START = "start PostgreSQL, or correct {}"
MOST_SKEW = 2.0
MOST_NAMED = 3

SUPERUSER = "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user"
OWNED = """
SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND pg_has_role(current_user, tableowner, 'MEMBER')
"""
CHANGEABLE = """
SELECT tgrelid::regclass::text FROM pg_trigger
WHERE tgname = 'append_only' AND has_table_privilege(current_user, tgrelid, 'UPDATE, DELETE, TRUNCATE') ORDER BY 1
"""
UNUSABLE = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND (
  c.relkind = 'r' AND NOT (has_table_privilege(c.oid, 'SELECT')
    AND (has_table_privilege(c.oid, 'INSERT') OR c.relname = 'django_migrations'))
  OR c.relkind = 'S' AND NOT has_sequence_privilege(c.oid, 'USAGE')
) ORDER BY 1
"""
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def check_database() -> Iterator[Finding]:
    """As the application; after a lost connection nothing else is looked at."""
    from django.db import Error, connection

    try:
        connection.ensure_connection()
        asked_at = time.perf_counter()
        version = _value("SHOW server_version")
        milliseconds = (time.perf_counter() - asked_at) * 1000
    except Error as error:
        yield unreachable("connection", error, START.format("DATABASE_URL"))
        return
    yield fine("connection", f"PostgreSQL {version.split()[0]}, {milliseconds:.1f} ms")
    yield from _check_roles()
    yield from _check_rights()
    yield _check_migrations()
    yield _check_durability()
    yield _check_clock()


def _check_roles() -> Iterator[Finding]:
    [(role, is_superuser)] = _rows(SUPERUSER)
    if is_superuser:
        yield Finding("application role", Status.WRONG, f"{role} is a superuser: no right is refused to it", OWN_ROLE)
        return
    owned = _value(OWNED)
    owner_url = _owner_url()
    if not owner_url:
        detail = f"{role} is the owner too: only triggers protect audit trail and ledger"
        yield Finding("application role", Status.WARNING, detail, OWN_ROLE)
        return
    detail = f"{role} owns {owned} tables and could drop their triggers" if owned else f"{role} owns nothing"
    yield judged("application role", detail, is_right=not owned, mend=OWN_ROLE)
    yield _check_owner(owner_url)


def _owner_url() -> str:
    """Empty if the application is the owner."""
    url = os.environ.get("DATABASE_MIGRATION_URL", "")
    return "" if url == os.environ.get("DATABASE_URL") else url


def _check_owner(url: str) -> Finding:
    try:
        with psycopg.connect(url, connect_timeout=3) as owner:
            row = owner.execute("SELECT current_user").fetchone()
    except psycopg.Error as error:
        return unreachable("owner role", error, START.format("DATABASE_MIGRATION_URL"))
    return fine("owner role", f"{row[0] if row else ''} can sign in to migrate")


def _check_rights() -> Iterator[Finding]:
    changeable = [table for (table,) in _rows(CHANGEABLE)]
    detail = f"may change {_named(changeable)}" if changeable else "audit trail and ledger can only be added to"
    otherwise, mend = (Status.WRONG, GRANT) if _owner_url() else (Status.WARNING, OWN_ROLE)
    yield judged("append-only", detail, is_right=not changeable, mend=mend, otherwise=otherwise)
    unusable = [table for (table,) in _rows(UNUSABLE)]
    detail = f"may not use {_named(unusable)}" if unusable else "every table and sequence can be used"
    yield judged("grants", detail, is_right=not unusable, mend=GRANT)


def _check_migrations() -> Finding:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    pending = [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    detail = f"pending: {_named(pending)}" if pending else "all applied"
    return judged("migrations", detail, is_right=not pending, mend=MIGRATE)


def _check_durability() -> Finding:
    off = [name for name in DURABLE if _value(f"SHOW {name}") == "off"]
    detail = f"off: {_named(off)}" if off else "a commit survives a crash"
    return judged("durability", detail, is_right=not off, mend="turn it on in postgresql.conf: payments would get lost")


def _check_clock() -> Finding:
    skew = abs((_value("SELECT clock_timestamp()") - datetime.now(UTC)).total_seconds())
    detail = f"this host and the database differ by {skew:.1f} s"
    return judged("clock", detail, is_right=skew <= MOST_SKEW, mend="let NTP set both clocks: timedatectl set-ntp true")


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _value(sql: str) -> Any:
    return _rows(sql)[0][0]


def _rows(sql: str) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
