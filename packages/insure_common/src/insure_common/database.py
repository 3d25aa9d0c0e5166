"""What the ORM has no word for: locks, repeated transactions, statements made once, the application role's rights."""

import hashlib
import logging
import random
import re
import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache, lru_cache, wraps
from itertools import count
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.models.expressions import Col

M = TypeVar("M", bound=Model)
P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

REPEATABLE = ("40001", "40P01")
"""SQLSTATE of a failed serialization and of a deadlock."""
RETRIES = 3
LONGEST_PAUSE = 0.05
MOST_CURSORS = 100
"""As many statements as the driver keeps prepared."""


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


def retried(work: Callable[P, T]) -> Callable[P, T]:
    """Let a function that opens its own transaction run again, as a whole, after a deadlock or a failed serialization.

    PostgreSQL has undone everything by then; up to RETRIES repeats, at short random intervals. Within a transaction of
    somebody else it simply runs, since only a whole transaction can be repeated: decorate what opens the outermost one.
    """

    @wraps(work)
    def run_again(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return work(*args, **kwargs)
        for repeat in count(1):
            before = copy_context()
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) not in REPEATABLE or repeat > RETRIES:
                    raise
                logger.warning("transaction is repeated", extra={"work": work.__qualname__, "repeat": repeat})
            for variable, value in before.items():
                variable.set(value)
            time.sleep(random.uniform(0, LONGEST_PAUSE) * repeat)  # noqa: S311 jitter
        raise AssertionError

    return run_again


@contextmanager
def snapshot() -> Iterator[None]:
    """The database as it is at one moment, for as long as it takes to read it."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        yield


class _ServerCursor(psycopg.RawCursor[Any]):
    """Leaves the parameters to the server, which can so keep the plan of a statement. Placeholders are `%s`."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(_numbered(query), params, **options)


@lru_cache(maxsize=MOST_CURSORS)
def _numbered(sql: str) -> str:
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", sql)


def run(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of a hot statement: with `prepare_threshold` in the OPTIONS of DATABASES it is planned once a connection.

    What the ORM makes anew for every call takes longer to compile and to plan than to execute.
    """
    backend: Any = connections[DEFAULT_DB_ALIAS]
    if not backend.in_atomic_block and _has_news(backend.connection):
        # Most likely that it was closed while nobody used it: then it is replaced, as `cursor()` of Django would.
        backend.close_if_health_check_failed()
    backend.ensure_connection()
    cursor = _cursor(backend.connection, sql)
    # Errors are translated, queries can be captured.
    backend._prepare_cursor(cursor).execute(sql, values)
    return cursor.fetchall()


def _has_news(connection: psycopg.Connection[Any] | None) -> bool:
    """Whether the server has sent something that nobody asked for. To look costs nothing; a question, as much as the
    statement itself."""
    if connection is None or connection.closed:
        return connection is not None
    watched = select.poll()
    watched.register(connection.fileno(), select.POLLIN)
    return bool(watched.poll(0))


def _cursor(connection: psycopg.Connection[Any], sql: str) -> _ServerCursor:
    """The connection's cursor for this statement: it knows already how to write its values and to read its rows."""
    cursors: dict[str, _ServerCursor] = connection.__dict__.setdefault("insure_cursors", {})
    if sql not in cursors:
        if len(cursors) == MOST_CURSORS:
            cursors.clear()
        cursors[sql] = _ServerCursor(connection)
    return cursors[sql]


def read(model: type[M], sql: str, values: Sequence[Any]) -> list[M]:
    """Instances from a hot statement, see `run`; `{columns}` in it stands for the columns of the model."""
    return [instance for (instance,) in read_joined((model,), sql, values)]


def read_joined(models: tuple[type[Model], ...], sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of a hot statement, see `run`, with an instance of each model; `{columns}` stands for the columns of all."""
    names, converters = _reading(models)
    rows, backend = [], connections[DEFAULT_DB_ALIAS]
    for row in run(_with_columns(models, sql), values):
        cells = list(row)
        for place, column, functions in converters:
            for function in functions:
                cells[place] = function(cells[place], column, backend)
        instances, start = [], 0
        for model, fields in zip(models, names, strict=True):
            instances.append(model.from_db(DEFAULT_DB_ALIAS, fields, cells[start : start + len(fields)]))
            start += len(fields)
        rows.append(tuple(instances))
    return rows


@lru_cache(maxsize=MOST_CURSORS)
def _with_columns(models: tuple[type[Model], ...], sql: str) -> str:
    return sql.format(columns=", ".join(f'"{column.alias}"."{column.target.column}"' for column in _columns(models)))


@cache
def _reading(models: tuple[type[Model], ...]) -> tuple[list[list[str]], list[tuple[int, Any, list[Any]]]]:
    """Names of the fields of each model, and what to convert."""
    converters = []
    for place, column in enumerate(_columns(models)):
        if functions := [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]:
            converters.append((place, column, functions))
    return [[field.attname for field in model._meta.concrete_fields] for model in models], converters


def _columns(models: tuple[type[Model], ...]) -> list[Col]:
    return [field.get_col(model._meta.db_table) for model in models for field in model._meta.concrete_fields]


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
