import base64

from insure_common.testing.project import base_settings

globals().update(base_settings("insure_users", user_model="insure_users.User", apps=["insure_audit"]))

INSTALLED_APPS = ["insure_users.apps.BackOfficeConfig", *globals()["INSTALLED_APPS"]]
INSTALLED_APPS.remove("django.contrib.admin")
AUTHENTICATION_BACKENDS = ["insure_users.backends.RoleBackend"]
PASSWORD_HASHERS = ["insure_users.hashers.Argon2idHasher"]
REST_FRAMEWORK = globals()["REST_FRAMEWORK"] | {
    "DEFAULT_AUTHENTICATION_CLASSES": ["insure_users.authentication.AccessTokenAuthentication"]
}
INSURE_COMMON = {"PEOPLE": "insure_users.public.people"}
INSURE_USERS = {
    "JWT_KEYS": {"test-1": base64.b64encode(b"1" * 32).decode()},
    "OTP_PEPPER": "only-for-tests-" + "0" * 32,
    "TERMS_VERSION": "2026-11",
    "TERMS_URL": "https://www.example.com/terminos",
    "ARGON2_TIME_COST": 1,
    "ARGON2_MEMORY_KIB": 8,
}
