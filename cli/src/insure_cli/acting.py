"""Commands that a person runs on a system of others: who acts, why, and the exit codes for what services raise."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import click

from insure_cli import exits, project

acting = click.option("--as", "acting", metavar="EMAIL", required=True, help="Who acts; their rights are checked.")
why = click.option("--reason", required=True, help="Kept in the audit trail.")


@contextmanager
def service() -> Iterator[None]:
    """The project, a correlation id, and the exit codes for what services raise."""
    project.set_up()
    from django.db import InterfaceError, OperationalError
    from django.http import Http404
    from django.utils.translation import override
    from rest_framework.exceptions import APIException

    from insure_common.correlation import bound

    try:
        with bound(), override("en"):
            yield
    except APIException as error:
        exits.end(exits.NOT_ALLOWED, _sentence(error.detail))
    except Http404:
        exits.end(exits.NOT_ALLOWED, "Not found.")
    except (InterfaceError, OperationalError) as error:
        exits.end(exits.NOT_REACHABLE, f"The database does not answer: {str(error).splitlines()[0]}")


def _sentence(detail: Any) -> str:
    if isinstance(detail, Mapping):
        return "\n".join(f"{name}: {_sentence(value)}" for name, value in detail.items())
    return " ".join(map(_sentence, detail)) if isinstance(detail, list) else str(detail)


def actor_named(email: str) -> Any:
    found = user_by_email(email)
    if found is None or not found.is_active:
        exits.end(exits.NOT_ALLOWED, f"No active user has the e-mail {email}.")
    return found


def user_by_email(text: str) -> Any:
    from django.core.exceptions import ValidationError

    from insure_users import public

    try:
        return public.user_by_email(public.canonical_email(text))
    except ValidationError:
        return None


def target(text: str, actor: Any) -> UUID:
    """The user's id. Who sees personal data masked cannot find anybody by e-mail either, as in the API.

    An unknown e-mail becomes an id that nobody has: the service answers once it has checked the actor's right.
    """
    from insure_common.ids import new_id

    try:
        return UUID(text)
    except ValueError:
        found = user_by_email(text) if actor.has_perm("insure_users.view_personal_data") else None
        return found.pk if found else new_id()
