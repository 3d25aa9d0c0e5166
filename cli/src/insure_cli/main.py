"""The command `insure`."""

import click

from insure_cli.commands import database, operations, stack
from insure_cli.commands.demo import demo
from insure_cli.commands.doctor import doctor
from insure_cli.commands.payments import payments
from insure_cli.commands.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="insure-cli")
def main() -> None:
    """Operate the insurance backend, or run all of it on this machine."""


for command in (
    *(stack.up, stack.down, stack.status, stack.reset, stack.env),
    *(demo, doctor),
    database.db,
    *(operations.relay, operations.outbox, operations.audit, operations.ledger),
    payments,
    users,
):
    main.add_command(command)
