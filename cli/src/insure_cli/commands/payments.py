"""Payments; each command calls one public service of insure_payments."""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from insure_cli import exits, project
from insure_cli.acting import acting, actor_named, service, why
from insure_cli.text import echo_table, printable

which = click.argument("payment", metavar="PAYMENT")
one_transaction = click.option(
    "--transaction", default="", help="The provider's id, where the payment has several transactions."
)

TRANSACTIONS = (("TRANSACTION", 30), ("STATUS", 10), ("CENTS", 16), ("CUR", 3), ("MISMATCH", 12), ("MESSAGE", 0))
ALLOCATIONS = (("CHARGE", 36), ("ASKED", 16), ("PAID", 16), ("CONCEPT", 0))
CASES = (("CASE", 11), ("OUTCOME", 9), ("CENTS", 16), ("CUR", 3), ("OPENED", 16), ("CLOSED", 16), ("WHY", 0))


@click.group()
def payments() -> None:
    """Payments, what providers say of them, and what is open. PAYMENT is a reference or an id."""


@payments.command()
@acting
@which
def show(*, acting: str, payment: str) -> None:
    """Show a payment with its transactions, what it paid, and its cases."""
    with service():
        from insure_payments.public import show_payment

        _echo_payment(show_payment(viewer=actor_named(acting), payment=payment))


@payments.command()
def sweep() -> None:
    """Let the workers ask the provider about every payment that is due for it."""
    with service():
        from insure_payments.public import sweep_pending_payments

        number = len(sweep_pending_payments())
    click.echo(f"{number} {'payment' if number == 1 else 'payments'} will be asked about.")


@payments.command("replay-webhook")
@acting
@why
@click.argument("event", type=click.UUID)
def replay_webhook(*, acting: str, reason: str, event: UUID) -> None:
    """Let the workers process a stored event again; no news changes nothing."""
    with service():
        from insure_payments.public import replay_webhook

        replay_webhook(actor=actor_named(acting), event_id=event, reason=reason)
    click.echo(f"{event} will be processed again.")


@payments.command()
@acting
@why
@one_transaction
@which
def void(*, acting: str, reason: str, transaction: str, payment: str) -> None:
    """Let the provider take back a payment by card."""
    with service():
        from insure_payments.public import void_payment

        void_payment(actor=actor_named(acting), payment_id=_id_of(payment), reason=reason, transaction_id=transaction)
    click.echo(f"The provider will be asked to void {payment}: see insure payments show.")


@payments.command()
@acting
@why
@one_transaction
@click.option("--apply", "outcome", flag_value="APPLY", help="The money pays what the client owes.")
@click.option("--returned", "outcome", flag_value="RETURNED", help="The money was given back outside.")
@which
def resolve(*, acting: str, reason: str, transaction: str, outcome: str | None, payment: str) -> None:
    """Close what is open about a payment: credit, a quarantined transaction, a return made at the bank."""
    if outcome is None:
        raise click.UsageError("Say --apply or --returned.")
    with service():
        from insure_payments.public import CaseOutcome, resolve_payment

        resolved = resolve_payment(
            actor=actor_named(acting),
            payment_id=_id_of(payment),
            outcome=CaseOutcome(outcome),
            reason=reason,
            transaction_id=transaction,
        )
        left = resolved.credit_in_cents
    click.echo(f"{payment} is resolved." + (f" {left:,} cents are still on no charge." if left else ""))


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


def _id_of(text: str) -> UUID:
    """An unknown payment becomes an id that none has: the service answers once it has checked the actor's right."""
    from insure_common.ids import new_id
    from insure_payments.public import find_payment

    found = find_payment(text)
    return found.pk if found else new_id()


def _echo_payment(payment: Any) -> None:
    facts = {
        "payment": payment.pk,
        "reference": payment.reference,
        "client": payment.user_id,
        "status": f"{payment.status} {payment.failure_reason}".strip(),
        "method": f"{payment.provider} {payment.method['type']}",
        "amount": f"{payment.amount_in_cents:,} cents {payment.currency}",
        "settled": f"{payment.settled_in_cents:,}, refunded {payment.refunded_in_cents:,}",
        "credit": f"{payment.credit_in_cents:,}",
        "created": f"{payment.created_at:%Y-%m-%d %H:%M} UTC",
    }
    for name, value in facts.items():
        click.echo(f"{name:<12}{printable(str(value))}")
    transactions = [
        (each.provider_id or "-", each.status, each.amount_in_cents, each.currency, each.mismatch, each.message)
        for each in payment.transactions.all()
    ]
    allocations = [
        (each.charge_id, each.requested_in_cents, each.settled_in_cents, each.charge.concept)
        for each in payment.allocations.all()
    ]
    cases = [
        (
            each.kind,
            each.outcome or "open",
            "" if each.amount_in_cents is None else each.amount_in_cents,
            each.currency,
            f"{each.opened_at:%Y-%m-%d %H:%M}",
            f"{each.closed_at:%Y-%m-%d %H:%M}" if each.closed_at else "",
            " ".join(filter(None, (f"{each.actor_id}:" if each.actor_id else "", each.reason, each.note))),
        )
        for each in payment.cases.all()
    ]
    for columns, rows in ((TRANSACTIONS, transactions), (ALLOCATIONS, allocations), (CASES, cases)):
        if rows:
            click.echo()
            echo_table(columns, rows)
