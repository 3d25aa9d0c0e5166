from insure_common.testing.project import base_settings

globals().update(base_settings("insure_policies", apps=["insure_audit", "insure_integrations"]))
INSURE_COMMON = globals()["INSURE_COMMON"] | {
    "SUBSCRIBERS": {
        "user_activated": ["insure_integrations.tasks.link_user_task"],
        "holder_linked": ["insure_policies.tasks.claim_policies_task"],
    }
}
