"""What other packages may use."""

from insure_audit.models import Event as AuditEvent
from insure_audit.registry import register_actions
from insure_audit.services.record import record

__all__ = ["AuditEvent", "record", "register_actions"]
