"""What operators do on a running system; each command calls one public service of a package."""

import signal
import threading

import click

from insure_cli import exits, project


@click.command()
def relay() -> None:
    """Hand the outbox to the workers.

    Also seals the audit trail. Runs until SIGTERM; any number may run.
    """
    project.set_up()
    from insure_common.relay import run

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    run(stop)


@click.group()
def outbox() -> None:
    """Work that waits for a worker."""


@outbox.command("status")
def outbox_status() -> None:
    """Count the messages by status; exit 1 if some have failed for good."""
    project.set_up()
    from django.db.models import Count

    from insure_common.models import OutboxMessage

    counts = dict(OutboxMessage.objects.values_list("status").annotate(Count("pk")).order_by("status"))
    for status in OutboxMessage.Status.values:
        click.echo(f"{status:<8}{counts.get(status, 0):>8}")
    if counts.get(OutboxMessage.Status.FAILED):
        raise SystemExit(exits.FOUND_WRONG)


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
def audit_verify() -> None:
    """Recompute every seal; exit 1 and name what was changed, removed, inserted or chained anew."""
    project.set_up()
    from insure_audit.public import verify

    report = verify()
    click.echo(f"{report.events} events, {report.seals} seals: {'intact' if report.ok else 'not intact'}")
    _name_problems(report.problems)


@click.group()
def ledger() -> None:
    """The double-entry ledger."""


@ledger.command("verify")
def ledger_verify() -> None:
    """Recompute every balance; exit 1 and name each difference."""
    project.set_up()
    from insure_payments.public import verify_ledger

    report = verify_ledger()
    click.echo(f"{report.entries} entries, {report.accounts} accounts: {'balanced' if report.ok else 'not balanced'}")
    _name_problems(report.problems)


def _name_problems(problems: list[str]) -> None:
    for problem in problems:
        click.echo(f"  {problem}")
    if problems:
        raise SystemExit(exits.FOUND_WRONG)
