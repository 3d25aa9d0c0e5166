"""What operators do on a running system; each command calls one public service of a package."""

import signal
import threading
from datetime import datetime
from typing import Any

import click

from insure_cli import exits, project
from insure_cli.acting import acting, actor_named, service, target, why
from insure_cli.text import echo_table

BALANCE = (("ACCOUNTS OF KIND", 16), ("CUR", 3), ("NUMBER", 10), ("CENTS", 20))
LINES = (
    ("POSTED (UTC)", 19),
    ("KIND", 16),
    ("CAUSE", 48),
    ("ACCOUNT", 36),
    ("CENTS", 18),
    ("CUR", 3),
    ("BALANCE", 18),
)


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
    with service():
        counts = _count_messages()
    _show_counts(counts)


@outbox.command("retry")
@acting
@why
@click.option("--task", help="Only the messages of this consumer, a dotted path.")
def outbox_retry(*, acting: str, reason: str, task: str | None) -> None:
    """Make the messages that have failed for good due again."""
    with service():
        from insure_integrations.public import retry_messages

        retried = retry_messages(actor=actor_named(acting), reason=reason, task=task)
    click.echo(f"{retried} {'message is' if retried == 1 else 'messages are'} due again.")


@outbox.command("drain")
def outbox_drain() -> None:
    """Do the work that is due in this process, without workers and Redis; exit 1 if some has failed for good."""
    with service():
        from insure_common.outbox import drain, reclaim_expired

        reclaim_expired()
        consumed = drain()
        counts = _count_messages()
    click.echo(f"{consumed} {'message' if consumed == 1 else 'messages'} taken up.")
    _show_counts(counts)


def _count_messages() -> dict[str, int]:
    from django.db.models import Count

    from insure_common.models import OutboxMessage

    counts = dict(OutboxMessage.objects.values_list("status").annotate(Count("pk")))
    return {status: counts.get(status, 0) for status in OutboxMessage.Status.values}


def _show_counts(counts: dict[str, int]) -> None:
    for status, count in counts.items():
        click.echo(f"{status:<8}{count:>8}")
    if counts["FAILED"]:
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


@ledger.command("balance")
def ledger_balance() -> None:
    """Add up the accounts of each kind; exit 1 if all together are not zero."""
    with service():
        from insure_payments.public import ledger_balance

        totals = ledger_balance()
    echo_table(BALANCE, [(each.kind, each.currency, each.accounts, each.balance_in_cents) for each in totals])
    if sum(each.balance_in_cents for each in totals):
        exits.end(exits.FOUND_WRONG, "The accounts do not add up to zero: see insure ledger verify.")


@ledger.command("show")
@acting
@click.argument("user", metavar="[USER]", required=False)
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="First day, Bogota.")
@click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), help="Last day, Bogota.")
def ledger_show(*, acting: str, user: str | None, since: datetime | None, until: datetime | None) -> None:
    """Print the postings of all accounts, or of USER's (an id or an e-mail), in their order."""
    with service():
        from insure_payments.public import show_ledger

        actor = actor_named(acting)
        lines = show_ledger(
            viewer=actor,
            user_id=target(user, actor) if user else None,
            since=since.date() if since else None,
            until=until.date() if until else None,
        )
        number = echo_table(LINES, map(_line, lines))
    click.echo(f"{number} {'line' if number == 1 else 'lines'}", err=True)


def _line(line: Any) -> tuple[object, ...]:
    return (
        f"{line.posted_at:%Y-%m-%d %H:%M:%S}",
        line.entry.kind,
        f"{line.entry.source} {line.entry.external_id}",
        line.account.user_id or line.account.kind,
        line.amount_in_cents,
        line.currency,
        "" if line.balance_after_in_cents is None else line.balance_after_in_cents,
    )


def _name_problems(problems: list[str]) -> None:
    for problem in problems:
        click.echo(f"  {problem}")
    if problems:
        raise SystemExit(exits.FOUND_WRONG)
