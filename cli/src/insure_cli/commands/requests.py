"""What people ask about their data (Ley 1581): `insure users requests`."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from insure_cli.acting import acting, actor_named, service, target, why

KINDS = ("ACCESS", "CORRECTION", "DELETION", "REVOCATION")

which = click.argument("request_id", metavar="REQUEST", type=click.UUID)


@click.group()
def requests() -> None:
    """Requests about personal data, and by when the law wants them answered."""


@requests.command("list")
@acting
@click.option("--all", "everything", is_flag=True, help="Closed ones as well.")
def list_(*, acting: str, everything: bool) -> None:
    """List requests, what is due first in front."""
    with service():
        from insure_users.public import list_requests

        found = list_requests(viewer=actor_named(acting), open_only=not everything)
    for request in found:
        late = "  overdue" if request.is_overdue else ""
        click.echo(f"{request.due_on}  {request.kind:<10}  {request.status:<7}  {request.pk}  {request.user_id}{late}")


@requests.command("open")
@acting
@why
@click.argument("user", metavar="USER")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), help="The day it came in; today if not given.")
def open_(*, acting: str, reason: str, user: str, kind: str, received: datetime | None) -> None:
    """Note that a person asked for something."""
    with service():
        from insure_users.public import open_request

        actor = actor_named(acting)
        received_on = received.date() if received else None
        request = open_request(
            actor=actor, user_id=target(user, actor), kind=kind, reason=reason, received_on=received_on
        )
    _echo(request)


@requests.command()
@acting
@why
@which
def extend(*, acting: str, reason: str, request_id: UUID) -> None:
    """Put the due day off, once, by what the law allows; tell the person why before the first term is over."""
    with service():
        from insure_users.public import extend_request

        request = extend_request(actor=actor_named(acting), request_id=request_id, reason=reason)
    _echo(request)


@requests.command()
@acting
@why
@which
@click.option("--outcome", required=True, type=click.Choice(["DONE", "REFUSED"]))
def close(*, acting: str, reason: str, request_id: UUID, outcome: str) -> None:
    """Note that the person has the answer."""
    with service():
        from insure_users.public import close_request

        request = close_request(actor=actor_named(acting), request_id=request_id, outcome=outcome, reason=reason)
    _echo(request)


def _echo(request: Any) -> None:
    click.echo(f"{request.pk} is {request.status}, due on {request.due_on}.")
