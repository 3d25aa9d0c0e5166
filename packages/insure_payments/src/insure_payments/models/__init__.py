from insure_payments.models.cases import Case
from insure_payments.models.catalog import ProviderCatalog
from insure_payments.models.charges import Charge, ChargeHold
from insure_payments.models.core_reports import CoreReport
from insure_payments.models.ledger import Account, Entry, Line
from insure_payments.models.payments import Allocation, Payment, Receipt, Transaction
from insure_payments.models.reconciliation import Difference, Reconciliation, ReportedTransaction
from insure_payments.models.statements import ExternalStatement, Statement, StatementPeriod
from insure_payments.models.webhooks import WebhookEvent

__all__ = [
    "Account",
    "Allocation",
    "Case",
    "Charge",
    "ChargeHold",
    "CoreReport",
    "Difference",
    "Entry",
    "ExternalStatement",
    "Line",
    "Payment",
    "ProviderCatalog",
    "Receipt",
    "Reconciliation",
    "ReportedTransaction",
    "Statement",
    "StatementPeriod",
    "Transaction",
    "WebhookEvent",
]
