from insure_audit.models.reports import Report
from insure_audit.models.trail import Event, Seal, SealEntry, Unsealed

__all__ = ["Event", "Report", "Seal", "SealEntry", "Unsealed"]
