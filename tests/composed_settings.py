"""The deployment project's own settings under an environment of test values; also what mypy's Django plugin reads."""

import base64
import os
import tempfile
from pathlib import Path

DIRECTORY = tempfile.TemporaryDirectory(prefix="insure-tests-", ignore_cleanup_errors=True)
STATE = Path(DIRECTORY.name)
(STATE / "static").mkdir()

os.environ |= {
    "INSURE_ENVIRONMENT": "development",
    "SECRET_KEY": "only-for-tests-" + "s" * 40,
    "ALLOWED_HOSTS": "testserver,127.0.0.1",
    "PUBLIC_BASE_URL": "http://testserver",
    "JWT_KEYS": "test=" + base64.b64encode(b"j" * 32).decode(),
    "OTP_PEPPER": "only-for-tests-" + "p" * 40,
    "AUDIT_SEAL_KEYS": "test=" + base64.b64encode(b"a" * 32).decode(),
    "AUDIT_ANCHOR_DIR": f"{STATE}/audit",
    "MEDIA_DIR": f"{STATE}/media",
    "METRICS_TOKEN": "only-for-tests-" + "m" * 40,
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_USE_TLS": "false",
    "DEFAULT_FROM_EMAIL": "Seguros <no-reply@example.com>",
    "TERMS_VERSION": "2026-11",
    "TERMS_URL": "https://www.example.com/terminos",
    "COMPANY_NAME": "Seguros Ejemplo S.A.",
    "COMPANY_TAX_ID": "900.000.000-0",
    "COMPANY_ADDRESS": "Calle 1 # 2-3, Bogotá D.C.",
    "COMPANY_CONTACT": "servicio@example.com",
    "WOMPI_ENVIRONMENT": "test",
    "WOMPI_BASE_URL": "http://127.0.0.1:1/wompi/v1",
    "WOMPI_CHECKOUT_URL": "http://127.0.0.1:1/wompi/p/",
    "WOMPI_PUBLIC_KEY": "pub_test_" + "k" * 32,
    "WOMPI_PRIVATE_KEY": "prv_test_" + "k" * 32,
    "WOMPI_EVENTS_SECRET": "test_events_" + "k" * 32,
    "WOMPI_INTEGRITY_SECRET": "test_integrity_" + "k" * 32,
    "PSE_ENVIRONMENT": "test",
    "PSE_BASE_URL": "http://127.0.0.1:1/pse",
    "PSE_LOGIN": "insure",
    "PSE_SECRET_KEY": "only-for-tests-" + "d" * 40,
    "CASSE_BASE_URL": "http://127.0.0.1:1/casse",
    "CASSE_CLIENT_ID": "insure",
    "CASSE_CLIENT_SECRET": "only-for-tests-" + "c" * 40,
}
os.environ.setdefault("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")

from deploy_project.settings import *  # noqa: F403, E402

DATABASES["default"]["TEST"] = {"NAME": "test_insure_composed"}  # noqa: F405
INSURE_USERS |= {"ARGON2_TIME_COST": 1, "ARGON2_MEMORY_KIB": 8}  # noqa: F405
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405 a thread of live_server would keep the database from being dropped
