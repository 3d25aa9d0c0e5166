"""Reads of sessions."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Model, QuerySet

from insure_common import clock
from insure_common.database import run
from insure_users.enums import UserStatus
from insure_users.models import Session, User


@dataclass(frozen=True, slots=True)
class _Part:
    """The columns of one model in a joined row, and how to make the instance without a query being compiled."""

    model: type[Model]
    alias: str

    @property
    def columns(self) -> list[str]:
        return [f'{self.alias}."{field.column}"' for field in self.model._meta.concrete_fields]

    def reader(self) -> Any:
        """A function of the row's values."""
        fields = self.model._meta.concrete_fields
        names = [field.attname for field in fields]
        converters = [(place, found) for place, field in enumerate(fields) if (found := _converters(field))]

        def read(values: list[Any]) -> Any:
            for place, (column, functions) in converters:
                for function in functions:
                    values[place] = function(values[place], column, connection)
            return self.model.from_db(connection.alias, names, values)

        return read


def _converters(field: Any) -> tuple[Any, list[Any]] | None:
    column = field.get_col(field.model._meta.db_table)
    functions = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
    return (column, functions) if functions else None


@cache
def _live_session_query(user_model: type[User]) -> tuple[str, int, Any, Any]:
    """SQL, width of the session's part, readers of both parts. Made once: Django compiles a query in longer than
    PostgreSQL answers it, and this one runs on every request."""
    session, user = _Part(Session, "s"), _Part(user_model, "u")
    sql = (
        f"SELECT {', '.join(session.columns + user.columns)}"  # noqa: S608 names of columns, from the models
        f' FROM "{Session._meta.db_table}" s JOIN "{user_model._meta.db_table}" u ON u.id = s.user_id'
        " WHERE s.id = %s AND s.user_id = %s AND s.ended_at IS NULL"
        # The database holds that idle_until is not after ends_at.
        f" AND s.idle_until > %s AND u.status = '{UserStatus.ACTIVE}'"
    )
    return sql, len(session.columns), session.reader(), user.reader()


def live_session(*, session_id: UUID, user_id: UUID) -> Session | None:
    """The session with its user if neither has ended; one query on two primary keys."""
    sql, width, read_session, read_user = _live_session_query(get_user_model())
    rows = run(sql, [session_id, user_id, clock.now()])
    if not rows:
        return None
    [row] = rows
    session: Session = read_session(list(row[:width]))
    session.user = read_user(list(row[width:]))
    return session


def live_sessions_of(user: User) -> QuerySet[Session]:
    """The devices on which the user is signed in."""
    now = clock.now()
    return Session.objects.filter(user_id=user.pk, ended_at__isnull=True, idle_until__gt=now, ends_at__gt=now)
