import base64

from insure_common.testing.project import MEDIA, base_settings

globals().update(base_settings("insure_audit"))
STORAGES = globals()["STORAGES"] | {
    "audit_anchor": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": f"{MEDIA.name}/anchor"},
    }
}
INSURE_AUDIT = {"SEAL_KEYS": {"test": base64.b64encode(b"s" * 32).decode()}, "ANCHOR_STORAGE": "audit_anchor"}
