"""The environment of the local stack: each variable of .env.example with a development value.

What the caller's environment already holds wins: so each part gives way to a real one.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from insure_cli.stack.home import Home, read_json, write_json
from insure_cli.stack.people import PEOPLE
from insure_common.testing.servers import LOOPBACK

PASSES_ON = ("WOMPI_BASE_URL", "PSE_BASE_URL", "CASSE_BASE_URL", "EMAIL_HOST")
"""With all of these set there is nothing left that the sandbox would be asked for."""


@dataclass(frozen=True, slots=True)
class Ports:
    web: int
    sandbox: int
    smtp: int
    postgres: int
    redis: int


def is_given(name: str) -> bool:
    return bool(os.environ.get(name))


def read_secrets(home: Home) -> dict[str, Any]:
    """Passwords and keys of this stack, made at the first start and kept until `insure reset`.

    A variable that the stack's first release did not know yet is added.
    """
    fresh = _new_secrets()
    known = read_json(home.secrets) if home.secrets.exists() else fresh
    if missing := {name: value for name, value in fresh["variables"].items() if name not in known["variables"]}:
        known["variables"] |= missing
    if missing or not home.secrets.exists():
        write_json(home.secrets, known)
    return known


def _new_secrets() -> dict[str, Any]:
    def seed() -> str:
        return "local=" + base64.b64encode(secrets.token_bytes(32)).decode()

    text = secrets.token_urlsafe
    return {
        "database_owner": text(24),
        "database_role": f"insure_app_{secrets.token_hex(4)}",
        "database_application": text(24),
        "variables": {
            "SECRET_KEY": text(48),
            "OTP_PEPPER": text(48),
            "JWT_KEYS": seed(),
            "AUDIT_SEAL_KEYS": seed(),
            "METRICS_TOKEN": text(24),
            "WOMPI_PUBLIC_KEY": "pub_test_" + text(24),
            "WOMPI_PRIVATE_KEY": "prv_test_" + text(24),
            "WOMPI_EVENTS_SECRET": "test_events_" + text(24),
            "WOMPI_INTEGRITY_SECRET": "test_integrity_" + text(24),
            "PSE_LOGIN": "insure",
            "PSE_SECRET_KEY": text(24),
            "CASSE_CLIENT_ID": "insure",
            "CASSE_CLIENT_SECRET": text(24),
        },
        "accounts": {role: {"email": person.email, "password": text(12)} for role, person in PEOPLE.items()},
    }


def environment(home: Home, ports: Ports, variables: Mapping[str, str]) -> dict[str, str]:
    """Every variable of .env.example. `variables` are those of the secrets."""
    web, sandbox = f"http://{LOOPBACK}:{ports.web}", f"http://{LOOPBACK}:{ports.sandbox}"
    development = {
        "INSURE_ENVIRONMENT": "development",
        "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
        "PUBLIC_BASE_URL": web,
        "TRUSTED_PROXY_COUNT": "0",
        "LOG_LEVEL": "INFO",
        "METRICS_TOKEN": "",
        "DATABASE_URL": "",
        "DATABASE_MIGRATION_URL": "",
        "REDIS_URL": f"redis://{LOOPBACK}:{ports.redis}/0",
        "CACHE_URL": "",
        "MEDIA_DIR": str(home.media),
        "AUDIT_ANCHOR_DIR": str(home.audit),
        "EMAIL_HOST": LOOPBACK,
        "EMAIL_PORT": str(ports.smtp),
        "EMAIL_HOST_USER": "",
        "EMAIL_HOST_PASSWORD": "",
        "EMAIL_USE_TLS": "false",
        "DEFAULT_FROM_EMAIL": "Seguros <no-reply@example.com>",
        "TERMS_VERSION": "2026-11",
        "TERMS_URL": "https://www.example.com/terminos",
        "COMPANY_NAME": "Seguros Cordillera S.A.",
        "COMPANY_TAX_ID": "900.555.012-3",
        "COMPANY_ADDRESS": "Cl. 72 # 10-07, Bogotá D.C.",
        "COMPANY_CONTACT": "servicio@cordillera.example",
        "PAYMENT_RETURN_ORIGINS": "",
        "PAYMENT_MINUTES": "60",
        "PAYMENTS_RATE": "5/minute;30/day",
        "WOMPI_ENVIRONMENT": "test",
        "WOMPI_BASE_URL": f"{sandbox}/wompi/v1",
        "WOMPI_CHECKOUT_URL": f"{sandbox}/wompi/p/",
        "PSE_ENVIRONMENT": "test",
        "PSE_BASE_URL": f"{sandbox}/pse",
        "CASSE_BASE_URL": f"{sandbox}/casse",
        "SYNC_INTERVAL_SECONDS": "600",
        **variables,
    }
    return {name: os.environ.get(name) or value for name, value in development.items()}
