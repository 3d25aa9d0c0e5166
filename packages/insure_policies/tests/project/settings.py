from insure_common.testing.project import base_settings

globals().update(base_settings("insure_policies", apps=["insure_audit", "insure_integrations"]))
