"""Outbox consumers: load by id, call one service."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from insure_common.outbox import consumer
from insure_integrations.public import CoreUnavailable, SystemUnreachable
from insure_payments.gateways.base import GatewayUnavailable
from insure_payments.services.claim_charges import claim_charges
from insure_payments.services.close_statements import close_statements
from insure_payments.services.erase_payer import erase_payer
from insure_payments.services.open_payment import open_payment
from insure_payments.services.process_webhook import process_webhook
from insure_payments.services.purge import purge
from insure_payments.services.reconcile_day import reconcile_day
from insure_payments.services.refresh_catalog import refresh_catalog, refresh_outdated_catalogs
from insure_payments.services.refresh_payment import refresh_payment
from insure_payments.services.report_payment import report_payment
from insure_payments.services.request_reconciliation import request_due_reconciliations
from insure_payments.services.sweep_payments import sweep_pending_payments
from insure_payments.services.void_payment import ask_to_void

SEVERAL_CALLS = timedelta(minutes=3)
"""Long enough for a few calls to a provider that each end at their own time-out."""
SILENCE = (SystemUnreachable, CoreUnavailable, GatewayUnavailable)
"""A provider or the core system is away; what it has to hear or to tell waits for it, however long."""


@consumer(atomic=False, time_limit=SEVERAL_CALLS)
def open_payment_task(payload: dict[str, Any]) -> None:
    open_payment(payment_id=UUID(payload["payment_id"]))


@consumer(atomic=False, time_limit=SEVERAL_CALLS)
def refresh_payment_task(payload: dict[str, Any]) -> None:
    refresh_payment(payment_id=UUID(payload["payment_id"]))


@consumer(atomic=False, time_limit=SEVERAL_CALLS, outlasts=SILENCE)
def process_webhook_task(payload: dict[str, Any]) -> None:
    process_webhook(event_id=UUID(payload["event_id"]))


@consumer()
def sweep_payments_task(payload: dict[str, Any]) -> None:
    """For the schedule: enqueues what is due and returns."""
    sweep_pending_payments()
    refresh_outdated_catalogs()


@consumer(atomic=False, time_limit=SEVERAL_CALLS)
def refresh_catalog_task(payload: dict[str, Any]) -> None:
    refresh_catalog(provider=payload["provider"])


@consumer(atomic=False, time_limit=SEVERAL_CALLS)
def close_statements_task(payload: dict[str, Any]) -> None:
    """For the schedule: closes the months that are over."""
    close_statements()


@consumer()
def request_reconciliations_task(payload: dict[str, Any]) -> None:
    """For the schedule: enqueues what is due and returns."""
    request_due_reconciliations()


@consumer(atomic=False, time_limit=SEVERAL_CALLS, max_attempts=20)
def reconcile_task(payload: dict[str, Any]) -> None:
    reconcile_day(reconciliation_id=UUID(payload["reconciliation_id"]))


@consumer(atomic=False)
def render_receipt_task(payload: dict[str, Any]) -> None:
    # Every process loads this module, and few of them the libraries that draw a PDF.
    from insure_payments.services.render_receipt import render_receipt

    render_receipt(receipt_id=UUID(payload["receipt_id"]))


@consumer(atomic=False, time_limit=SEVERAL_CALLS, outlasts=SILENCE)
def report_payment_task(payload: dict[str, Any]) -> None:
    report_payment(payment_id=UUID(payload["payment_id"]))


@consumer(atomic=False, time_limit=SEVERAL_CALLS)
def void_payment_task(payload: dict[str, Any]) -> None:
    ask_to_void(case_id=UUID(payload["case_id"]))


@consumer()
def claim_charges_task(payload: dict[str, Any]) -> None:
    """Subscriber of `holder_linked`."""
    claim_charges(system=payload["system"], holder_reference=payload["reference"], user_id=payload["user_id"])


@consumer(atomic=False, time_limit=timedelta(minutes=10))
def erase_payer_task(payload: dict[str, Any]) -> None:
    """Subscriber of `user_pseudonymised`."""
    erase_payer(user_id=payload["user_id"])


@consumer(atomic=False, time_limit=timedelta(minutes=5))
def purge_task(payload: dict[str, Any]) -> None:
    purge()
