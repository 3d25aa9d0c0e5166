"""What other packages may use."""

from insure_audit.enums import ReportFormat
from insure_audit.models import Event as AuditEvent
from insure_audit.proof import NotSealedYet, Proof, is_proven, prove
from insure_audit.registry import register_actions
from insure_audit.reports.kinds import Cell, Column, ReportKind, register_report_kinds
from insure_audit.reports.parameters import Period
from insure_audit.selectors.export import export_events
from insure_audit.selectors.gauges import gauges
from insure_audit.services.purge import purge
from insure_audit.services.record import record, record_many
from insure_audit.services.seal_pending import seal_pending
from insure_audit.services.verify import VerificationReport, verify

__all__ = [
    "AuditEvent",
    "Cell",
    "Column",
    "NotSealedYet",
    "Period",
    "Proof",
    "ReportFormat",
    "ReportKind",
    "VerificationReport",
    "export_events",
    "gauges",
    "is_proven",
    "prove",
    "purge",
    "record",
    "record_many",
    "register_actions",
    "register_report_kinds",
    "seal_pending",
    "verify",
]
