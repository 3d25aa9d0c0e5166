"""What other packages, the deployment project and the command line may use."""

from insure_payments.enums import CaseOutcome
from insure_payments.gateways.base import GatewayUnavailable
from insure_payments.models import Account, Charge, Difference, Entry, Payment, Receipt, Reconciliation
from insure_payments.selectors.accounts import AccountSummary, account_summary
from insure_payments.selectors.export import export_person
from insure_payments.selectors.gauges import gauges
from insure_payments.selectors.ledger import AccountTotal, ledger_balance
from insure_payments.selectors.payments import find_payment
from insure_payments.selectors.receipts import verify_receipt
from insure_payments.selectors.reconciliations import differences_of
from insure_payments.selectors.verification import LedgerReport, verify_ledger
from insure_payments.services.manage_charges import make_charge, void_charge
from insure_payments.services.purge import purge
from insure_payments.services.reconcile_day import reconcile_day
from insure_payments.services.refresh_catalog import refresh_outdated_catalogs
from insure_payments.services.replay_webhook import replay_webhook
from insure_payments.services.request_reconciliation import request_reconciliation
from insure_payments.services.resolve_payment import resolve_payment
from insure_payments.services.sweep_payments import sweep_pending_payments
from insure_payments.services.view_as_operator import show_ledger, show_payment
from insure_payments.services.void_payment import void_payment

__all__ = [
    "Account",
    "AccountSummary",
    "AccountTotal",
    "CaseOutcome",
    "Charge",
    "Difference",
    "Entry",
    "GatewayUnavailable",
    "LedgerReport",
    "Payment",
    "Receipt",
    "Reconciliation",
    "account_summary",
    "differences_of",
    "export_person",
    "find_payment",
    "gauges",
    "ledger_balance",
    "make_charge",
    "purge",
    "reconcile_day",
    "refresh_outdated_catalogs",
    "replay_webhook",
    "request_reconciliation",
    "resolve_payment",
    "show_ledger",
    "show_payment",
    "sweep_pending_payments",
    "verify_ledger",
    "verify_receipt",
    "void_charge",
    "void_payment",
]
