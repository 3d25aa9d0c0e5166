"""Accounts: each command calls one public service of insure_users, as the user named with --as."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from insure_cli import exits
from insure_cli.acting import acting, actor_named, service, target, why
from insure_cli.commands.requests import requests
from insure_cli.text import printable

LABELS = {
    "id": "id",
    "full_name": "name",
    "document": "document",
    "birth_date": "born",
    "email_primary": "e-mail",
    "email_secondary": "second e-mail",
    "phone": "phone",
    "address": "address",
    "role": "role",
    "status": "status",
    "created_at": "since",
}
COLUMNS = {"full_name": "NAME", "email_primary": "E-MAIL", "role": "ROLE", "status": "STATUS", "id": "ID"}
WIDEST = 36

whom = click.argument("user", metavar="USER")


@click.group()
def users() -> None:
    """Accounts. USER is an id or an e-mail."""


users.add_command(requests)


@users.command("create-admin")
@click.option("--email", required=True)
@click.option("--full-name", required=True)
@click.option("--id-type", required=True)
@click.option("--id-number", required=True)
@click.option("--phone", required=True)
@click.option("--birth-date", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--as", "acting", metavar="EMAIL", help="The administrator who makes another one.")
@click.option("--reason", default="", help="Why there is to be another one; kept in the audit trail.")
@click.password_option()
def create_admin(*, email: str, birth_date: datetime, acting: str | None, **fields: str) -> None:
    """Make an administrator. After the first one an administrator must act."""
    with service():
        from insure_users.public import create_admin

        actor = actor_named(acting) if acting else None
        create_admin(email=email, birth_date=birth_date.date(), actor=actor, **fields)
    click.echo(f"{email} is an administrator.")


@users.command("list")
@acting
@click.option("--status", default="", help="ACTIVE, SUSPENDED, PENDING or CLOSED.")
@click.option("--role", default="", help="As in ROLE_PERMISSIONS.")
@click.option("--search", default="", help="Part of the name, a whole e-mail or a whole document number.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(*, acting: str, status: str, role: str, search: str, limit: int, as_json: bool) -> None:
    """List the latest users."""
    with service():
        from insure_users.public import list_users

        found = list_users(viewer=actor_named(acting), status=status, role=role, search=search, limit=limit + 1)
    shown = found[:limit]
    if as_json:
        _echo_json(shown)
        return
    _echo_table(shown)
    more = "; there are more, see --limit and --search" if len(found) > limit else ""
    click.echo(f"{len(shown)} {'user' if len(shown) == 1 else 'users'}{more}", err=True)


@users.command()
@acting
@whom
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(*, acting: str, user: str, as_json: bool) -> None:
    """Show one user."""
    with service():
        from insure_users.public import show_user

        actor = actor_named(acting)
        shown = show_user(viewer=actor, user_id=target(user, actor))
    if as_json:
        _echo_json(shown)
    else:
        _echo_user(shown)


@users.command()
@acting
@why
@whom
def suspend(*, acting: str, reason: str, user: str) -> None:
    """Stop a user at once and end their sessions."""
    with service():
        from insure_users.public import suspend_user

        actor = actor_named(acting)
        suspend_user(actor=actor, user_id=target(user, actor), reason=reason)
    click.echo(f"{user} is suspended and signed out.")


@users.command()
@acting
@why
@whom
def reactivate(*, acting: str, reason: str, user: str) -> None:
    """Let a suspended or waiting user in."""
    with service():
        from insure_users.public import reactivate_user

        actor = actor_named(acting)
        reactivate_user(actor=actor, user_id=target(user, actor), reason=reason)
    click.echo(f"{user} is active.")


@users.command("set-role")
@acting
@why
@whom
@click.argument("role")
def set_role(*, acting: str, reason: str, user: str, role: str) -> None:
    """Give a user another role and end their sessions."""
    with service():
        from insure_users.public import change_role

        actor = actor_named(acting)
        change_role(actor=actor, user_id=target(user, actor), role=role, reason=reason)
    click.echo(f"{user} is {role}.")


@users.command("end-sessions")
@acting
@why
@whom
def end_sessions(*, acting: str, reason: str, user: str) -> None:
    """Sign a user out everywhere."""
    with service():
        from insure_users.public import end_sessions

        actor = actor_named(acting)
        ended = end_sessions(actor=actor, user_id=target(user, actor), reason=reason)
    click.echo(f"{user} is signed out; {ended} {'session' if ended == 1 else 'sessions'} ended.")


@users.command("export-data")
@acting
@why
@whom
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file, readable by you only.")
def export_data(*, acting: str, reason: str, user: str, output: Path | None) -> None:
    """Write everything that is kept about a person, as JSON."""
    if output and output.exists():
        exits.end(exits.NOT_ALLOWED, f"{output} exists already.")
    with service():
        from insure_users.public import export_data

        actor = actor_named(acting)
        exported = export_data(actor=actor, user_id=target(user, actor), reason=reason)
    if output is None:
        _echo_json(exported)
        return
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        exits.end(exits.NOT_ALLOWED, f"{output}: {error.strerror}.")
    with open(file, "w", encoding="utf-8") as stream:
        stream.write(_json(exported) + "\n")
    click.echo(f"{user} is exported to {output}.")


@users.command()
@acting
@why
@whom
@click.option("--yes", is_flag=True, help="Do not ask.")
def pseudonymise(*, acting: str, reason: str, user: str, yes: bool) -> None:
    """Take the person out of an account and close it, for good."""
    if not yes and not _confirmed(f"This cannot be undone: the account of {user} will name nobody. Go on?"):
        exits.end(exits.NOT_ALLOWED, "Nothing was changed.")
    with service():
        from insure_users.public import pseudonymise_user

        actor = actor_named(acting)
        closed = pseudonymise_user(actor=actor, user_id=target(user, actor), reason=reason)
    click.echo(f"Account {closed.pk} is closed and names nobody.")


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        return False


def _json(values: Any) -> str:
    from django.core.serializers.json import DjangoJSONEncoder

    return json.dumps(values, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _echo_json(values: Any) -> None:
    click.echo(_json(values))


def _echo_table(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    lines = [list(COLUMNS.values()), *([_clipped(str(row[name])) for name in COLUMNS] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _clipped(text: str) -> str:
    text = printable(text)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _echo_user(user: Mapping[str, Any]) -> None:
    values = {
        **user,
        "document": f"{user['id_type']} {user['id_number']}",
        "created_at": f"{user['created_at']:%Y-%m-%d %H:%M} UTC",
    }
    for name, label in LABELS.items():
        if values[name]:
            click.echo(f"{label:<14}{printable(str(values[name]))}")
