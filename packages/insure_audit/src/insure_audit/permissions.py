"""The rights of this package."""

VIEW_AUDIT_EVENT = "insure_audit.view_audit_event"
