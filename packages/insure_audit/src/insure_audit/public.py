"""What other packages may use."""

from insure_audit.models import Event as AuditEvent
from insure_audit.proof import NotSealedYet, Proof, is_proven, prove
from insure_audit.registry import register_actions
from insure_audit.selectors.export import export_events
from insure_audit.selectors.gauges import gauges
from insure_audit.services.record import record, record_many
from insure_audit.services.seal_pending import seal_pending
from insure_audit.services.verify import VerificationReport, verify

__all__ = [
    "AuditEvent",
    "NotSealedYet",
    "Proof",
    "VerificationReport",
    "export_events",
    "gauges",
    "is_proven",
    "prove",
    "record",
    "record_many",
    "register_actions",
    "seal_pending",
    "verify",
]
