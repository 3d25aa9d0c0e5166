"""How a command ends."""

from typing import NoReturn

import click

FOUND_WRONG = 1
NOT_ALLOWED = 2
NOT_REACHABLE = 3


def end(code: int, message: str) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(code)
