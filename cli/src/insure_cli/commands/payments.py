"""Payments; each command calls one public service of insure_payments."""

import time
from datetime import datetime
from typing import Any

import click

from insure_cli import exits, project


@click.group()
def payments() -> None:
    """Payments and what providers say of them."""


@payments.command("reconcile")
@click.option("--date", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="A day in Bogota that is over.")
@click.option("--provider", required=True, help="As in INSURE_PAYMENTS['GATEWAYS'].")
def payments_reconcile(*, day: datetime, provider: str) -> None:
    """Compare a day with a provider, the ledger and the core system.

    Settles what the provider knows better; exit 1 and a line for each difference that stays.
    """
    project.set_up()
    from django.utils.translation import override

    from insure_common.exceptions import ValidationError
    from insure_common.outbox import RetryLater
    from insure_payments.public import (
        GatewayUnavailable,
        differences_of,
        reconcile_day,
        request_reconciliation,
    )

    with override("en"):
        try:
            run = request_reconciliation(provider=provider, date=day.date())
        except ValidationError as error:
            problems: Any = error.detail
            exits.end(exits.NOT_ALLOWED, "; ".join(f"{name}: {' '.join(why)}" for name, why in problems.items()))
        while not run.finished_at:
            try:
                run = reconcile_day(reconciliation_id=run.pk)
            except RetryLater as again:
                time.sleep(again.delay.total_seconds())
            except GatewayUnavailable as failure:
                exits.end(exits.NOT_REACHABLE, f"{provider} does not answer: {failure}. A worker will try again.")
    if run.error:
        exits.end(exits.NOT_REACHABLE, f"{provider} refuses: {run.error}")
    still_open = [difference for difference in differences_of(run) if not difference.resolved_at]
    click.echo(f"{run}: {run.transactions} transactions compared, {len(still_open)} differences")
    for difference in still_open:
        click.echo(f"  {difference}: {difference.ours or '-'} here, {difference.theirs or '-'} there")
    if still_open:
        raise SystemExit(exits.FOUND_WRONG)
