import base64
import tempfile

from insure_common.testing.project import base_settings

globals().update(base_settings("insure_audit"))
STORAGES = globals()["STORAGES"] | {
    "audit_anchor": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tempfile.mkdtemp(prefix="insure-anchor-")},
    }
}
INSURE_AUDIT = {"SEAL_KEYS": {"test": base64.b64encode(b"s" * 32).decode()}, "ANCHOR_STORAGE": "audit_anchor"}
