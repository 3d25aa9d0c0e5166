"""The rights of this package."""

VIEW_AUDIT_EVENT = "insure_audit.view_audit_event"
CREATE_REPORT = "insure_audit.create_report"
VIEW_ANY_REPORT = "insure_audit.view_any_report"
VIEW_REPORT_PERSONAL_DATA = "insure_audit.view_report_personal_data"
