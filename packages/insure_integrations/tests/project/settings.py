import base64
import os

from insure_common.testing.project import base_settings

globals().update(base_settings("insure_integrations", apps=["insure_audit", "project"]))
INSURE_AUDIT = {"SEAL_KEYS": {"test": base64.b64encode(b"s" * 32).decode()}}
INSURE_INTEGRATIONS = {"REDIS_URL": os.environ["REDIS_URL"]}
INSURE_COMMON = globals()["INSURE_COMMON"] | {
    "SUBSCRIBERS": {"user_activated": ["insure_integrations.tasks.link_user_task"]}
}
SPECTACULAR_SETTINGS = globals()["SPECTACULAR_SETTINGS"] | {
    "ENUM_NAME_OVERRIDES": {
        "SyncStatus": "insure_integrations.enums.SyncStatus",
        "NotificationStatus": "insure_integrations.enums.NotificationStatus",
    }
}
