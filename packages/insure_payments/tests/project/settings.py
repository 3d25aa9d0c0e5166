from insure_common.testing.project import base_settings

globals().update(base_settings("insure_payments", apps=["insure_audit"]))
