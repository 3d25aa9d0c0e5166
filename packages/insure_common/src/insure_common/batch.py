"""Write rows of several tables in one statement: what costs on a hot path is the number of statements.

`insert`, `update` and `delete` write at once. In a block of `together` they wait and become one statement when it ends,
with the values that the objects have by then. Foreign keys of Django are checked at commit, so the order among the rows
does not matter; what reads them back does, see `flush`.
"""
# ruff: noqa: S608 only names of tables and columns are put into SQL, and they come from the models

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    ForeignKey,
    Model,
    PositiveSmallIntegerField,
    TextField,
    UUIDField,
)
from django.db.models.expressions import DatabaseDefault

from insure_common.database import run

MOST_ROWS = 500
"""Of one table in one statement."""
PLAIN = {
    (str, CharField),
    (str, TextField),
    (int, BigIntegerField),
    (int, PositiveSmallIntegerField),
    (UUID, UUIDField),
    (UUID, ForeignKey),
    (datetime, DateTimeField),
}
"""Types of values and fields that need no preparation."""


@dataclass(slots=True)
class _Waiting:
    """Rows by model and primary key, each with the fields to update, or None if it is new."""

    rows: dict[tuple[type[Model], Any], tuple[Model, set[str] | None]] = field(default_factory=dict)
    deletions: list[tuple[type[Model], str, Any]] = field(default_factory=list)
    included: dict[str, tuple[str, Sequence[Any]]] = field(default_factory=dict)

    def add(self, row: Model, fields: Iterable[str] | None) -> None:
        key = (type(row), row.pk)
        if key not in self.rows:
            self.rows[key] = (row, None if fields is None else set(fields))
            return
        known, known_fields = self.rows[key]
        if known is not row or fields is None:
            raise RuntimeError(f"{row!r} is written twice in one statement")
        if known_fields is not None:
            known_fields.update(fields)


_waiting: ContextVar[_Waiting | None] = ContextVar("insure_batch", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Write what is inserted, updated and deleted in this block in one statement at its end; a block inside joins it.

    The block stands in a transaction and opens no savepoint that it might roll back. If it raises, nothing is written.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("rows are written together in one transaction")
    if _waiting.get() is not None:
        yield
        return
    reset = _waiting.set(_Waiting())
    try:
        yield
        flush()
    finally:
        _waiting.reset(reset)


def flush(*models: type[Model]) -> None:
    """Write now what waits, or only if rows of one of `models` are among it; for who is about to read them."""
    waiting = _waiting.get()
    if waiting is None:
        return
    # What is included may write to any table.
    if models and not waiting.included and not any(model in models for model, _ in waiting.rows):
        return
    rows, deletions, included = waiting.rows, waiting.deletions, waiting.included
    waiting.rows, waiting.deletions, waiting.included = {}, [], {}
    _write(rows.values(), deletions, included.values())


def insert(rows: Iterable[Model]) -> None:
    """Add rows. What the database fills in is not read back."""
    _add([(row, None) for row in rows])


def insert_once(row: Model, *, then: Iterable[Model]) -> bool:
    """Add a row, and with it the others, unless a row is there that it conflicts with; whether it was added."""
    [mark], values = _marks_and_values([row], row._meta.concrete_fields)
    parts = [f"first AS ({_insert_into(type(row))} VALUES {mark} ON CONFLICT DO NOTHING RETURNING 1)"]
    for number, other in enumerate(then):
        sql = f"{_insert_into(type(other))} SELECT {_typed(type(other))} WHERE EXISTS (SELECT FROM first)"
        parts.append(f"other{number} AS ({sql})")
        values += _marks_and_values([other], other._meta.concrete_fields)[1]
    [(added,)] = run(f"WITH {', '.join(parts)} SELECT count(*) FROM first", values)
    return bool(added)


def update(rows: Iterable[Model], fields: Sequence[str]) -> None:
    """Save these fields of rows that exist. Raises DatabaseError if one does not."""
    _add([(row, fields) for row in rows])


def save(row: Model) -> None:
    """Add a row that is new; of another one save all fields."""
    if row._state.adding:
        insert([row])
    else:
        update([row], [field.name for field in row._meta.concrete_fields if not field.primary_key])


def delete(model: type[Model], **match: Any) -> None:
    """Delete the rows whose field has this value; nothing may refer to them."""
    [(name, value)] = match.items()
    waiting = _waiting.get()
    if waiting is None:
        _write([], [(model, name, value)])
    else:
        waiting.deletions.append((model, name, value))


def include(name: str, sql: str, values: Sequence[Any]) -> None:
    """Run common table expressions of one's own, `name AS (...), ...`, in the same statement.

    What waits under this `name` already is written before: one statement changes a row once.
    """
    waiting = _waiting.get()
    if waiting is None:
        _write([], [], [(sql, values)])
        return
    if name in waiting.included:
        flush()
    waiting.included[name] = (sql, values)


def _add(changes: list[tuple[Model, Sequence[str] | None]]) -> None:
    waiting = _waiting.get()
    collected = waiting or _Waiting()
    for row, fields in changes:
        collected.add(row, fields)
    if waiting is None and collected.rows:
        _write(collected.rows.values(), [])


# --- SQL --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    sql: str
    values: Sequence[Any]
    updates: int = 0
    has_names: bool = False

    def named(self, number: int) -> str:
        return self.sql if self.has_names else f"part{number} AS ({self.sql})"


def _write(
    rows: Iterable[tuple[Model, set[str] | None]],
    deletions: Iterable[tuple[type[Model], str, Any]],
    included: Iterable[tuple[str, Sequence[Any]]] = (),
) -> None:
    groups: dict[tuple[type[Model], tuple[str, ...] | None], list[Model]] = {}
    for row, fields in rows:
        groups.setdefault((type(row), None if fields is None else tuple(sorted(fields))), []).append(row)
    parts = [_deletion(*deletion) for deletion in deletions]
    parts += (_Part(sql, values, has_names=True) for sql, values in included)
    for (model, names), members in groups.items():
        for start in range(0, len(members), MOST_ROWS):
            some = members[start : start + MOST_ROWS]
            parts.append(_insertion(model, some) if names is None else _change(model, names, some))
            if len(some) == MOST_ROWS:
                _execute(parts)
                parts = []
    if parts:
        _execute(parts)
    for row, fields in rows:
        if fields is None:
            row._state.adding, row._state.db = False, connection.alias


def _execute(parts: Sequence[_Part]) -> None:
    withs = ", ".join(part.named(number) for number, part in enumerate(parts))
    counts = " + ".join(f"(SELECT count(*) FROM part{number})" for number, part in enumerate(parts) if part.updates)
    [(updated,)] = run(f"WITH {withs} SELECT {counts or 0}", [value for part in parts for value in part.values])
    if updated != sum(part.updates for part in parts):
        raise DatabaseError("a row to be updated does not exist")


def _insertion(model: type[Model], rows: Sequence[Model]) -> _Part:
    marks, values = _marks_and_values(rows, model._meta.concrete_fields)
    return _Part(f"{_insert_into(model)} VALUES {', '.join(marks)}", values)


def _marks_and_values(rows: Sequence[Model], fields: Sequence[Any]) -> tuple[list[str], list[Any]]:
    """For each row `(%s, DEFAULT, ...)`, and the values of all."""
    tuples, values = [], []
    for row in rows:
        marks = []
        for each in fields:
            value = each.pre_save(row, True)
            if type(value) is DatabaseDefault:
                marks.append("DEFAULT")
            else:
                marks.append("%s")
                values.append(_prepared(each, value))
        tuples.append(f"({', '.join(marks)})")
    return tuples, values


def _change(model: type[Model], names: tuple[str, ...], rows: Sequence[Model]) -> _Part:
    fields = _fields(model, names)
    values = [_prepared(each, getattr(row, each.attname)) for row in rows for each in fields]
    return _Part(_update_sql(model, names, len(rows)), values, len(rows))


def _deletion(model: type[Model], name: str, value: Any) -> _Part:
    [found] = [each for each in model._meta.concrete_fields if name in (each.name, each.attname)]
    value = value.pk if isinstance(value, Model) else value
    return _Part(
        f'DELETE FROM "{model._meta.db_table}" WHERE "{found.column}" = %s',
        [found.get_db_prep_save(value, connection)],
    )


def _prepared(each: Any, value: Any) -> Any:
    """A value as the driver takes it: most are so already, and there are many."""
    if value is None or (type(value), type(each)) in PLAIN:
        return value
    return each.get_db_prep_save(value, connection)


@cache
def _insert_into(model: type[Model]) -> str:
    columns = ", ".join(f'"{each.column}"' for each in model._meta.concrete_fields)
    return f'INSERT INTO "{model._meta.db_table}" ({columns})'


@cache
def _fields(model: type[Model], names: tuple[str, ...]) -> list[Any]:
    """The fields to write, then the primary key."""
    return [*(model._meta.get_field(name) for name in names), model._meta.pk]


@cache
def _update_sql(model: type[Model], names: tuple[str, ...], rows: int) -> str:
    table, fields = model._meta.db_table, _fields(model, names)
    key = fields[-1].column
    if rows == 1:
        changes = ", ".join(f'"{each.column}" = %s' for each in fields[:-1])
        return f'UPDATE "{table}" SET {changes} WHERE "{key}" = %s RETURNING 1'
    changes = ", ".join(f'"{each.column}" = new."{each.column}"' for each in fields[:-1])
    marks = ", ".join(f"%s::{type_of(each)}" for each in fields)
    tuples = ", ".join([f"({marks})"] * rows)
    columns = ", ".join(f'"{each.column}"' for each in fields)
    return (
        f'UPDATE "{table}" SET {changes} FROM (VALUES {tuples}) AS new ({columns})'
        f' WHERE "{table}"."{key}" = new."{key}" RETURNING 1'
    )


@cache
def _typed(model: type[Model]) -> str:
    return ", ".join(f"%s::{type_of(each)}" for each in model._meta.concrete_fields)


def type_of(each: Any) -> str:
    """Of a column, without a length: a cast to varchar(20) would cut silently what the column refuses."""
    return str(each.db_type(connection)).partition("(")[0]
