"""Reads the environment once, and names everything that is missing or weak in one go."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from django.core.exceptions import ImproperlyConfigured
from environ import Env
from limits import parse_many

REQUIRED = object()
TRUTHS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def truth(text: str) -> bool:
    """Any other word would be false, and turn off what somebody wished to have."""
    try:
        return TRUTHS[text.lower()]
    except KeyError:
        raise ValueError from None


FORMS = {
    int: "a whole number",
    truth: "true or false",
    list: "values separated by commas",
    dict: "name=value pairs separated by commas",
}
SHORTEST_SECRET = 32
SHORTEST_DJANGO_KEY = 50
"""Shorter ones do not pass `check --deploy`."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SEED_BYTES = 32
"""Of an Ed25519 private key."""
SHORTEST_RSA_BITS = 2048
PLACEHOLDER = "change-me"


def is_long(least: int) -> Callable[[str], str | None]:
    return lambda value: None if len(value) >= least else f"must have at least {least} characters"


is_strong_secret = is_long(SHORTEST_SECRET)
is_django_key = is_long(SHORTEST_DJANGO_KEY)


def is_url(value: str) -> str | None:
    parts = urlsplit(value)
    return None if parts.scheme in ("http", "https") and parts.netloc else "must be an http or https URL"


def is_https_url(value: str) -> str | None:
    return is_url(value) or (None if value.startswith("https://") else "must be an https URL")


def is_encrypted_url(value: str) -> str | None:
    return None if urlsplit(value).hostname in LOOPBACK else is_https_url(value)


def is_host_list(value: list[str]) -> str | None:
    return None if "*" not in value else "must name each host"


def is_database_url(value: str) -> str | None:
    parts = urlsplit(value)
    is_right = parts.scheme in ("postgres", "postgresql") and parts.hostname and len(parts.path) > 1
    return None if is_right else "must be of the form postgres://user:password@host:port/database"


def is_redis_url(value: str) -> str | None:
    parts = urlsplit(value)
    return None if parts.scheme in ("redis", "rediss") and parts.hostname else "must be of the form redis://host:port/0"


def is_absolute_path(value: str) -> str | None:
    return None if value.startswith("/") else "must be an absolute path"


def is_at_least(least: int) -> Callable[[int], str | None]:
    return lambda value: None if value >= least else f"must be at least {least}"


def is_key_ring(value: dict[str, str]) -> str | None:
    try:
        sizes = {len(b64decode(seed, validate=True)) for seed in value.values()}
    except ValueError:
        sizes = set()
    return None if sizes == {SEED_BYTES} else f"must be kid=base64 of {SEED_BYTES} bytes, separated by commas"


def is_token_key_ring(value: dict[str, str]) -> str | None:
    is_right = bool(value) and all(map(_is_token_key, value.values()))
    return (
        None if is_right else f"must be kid=base64 of {SEED_BYTES} bytes or of an RSA key in DER, separated by commas"
    )


def _is_token_key(text: str) -> bool:
    try:
        content = b64decode(text, validate=True)
        key = None if len(content) == SEED_BYTES else load_der_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return key is None or (isinstance(key, RSAPrivateKey) and key.key_size >= SHORTEST_RSA_BITS)


def is_one_of(*allowed: str) -> Callable[[str], str | None]:
    return lambda value: None if value in allowed else f"must be {' or '.join(allowed)}"


def is_rate(value: str) -> str | None:
    try:
        parse_many(value)
    except ValueError:
        return "must be like 5/minute;30/day"
    return None


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: how it is read, what stands in for it, and what is wrong with a value."""

    name: str
    cast: Any = str
    default: Any = REQUIRED
    check: Callable[[Any], str | None] | None = None


VARIABLES = (
    Variable("INSURE_ENVIRONMENT", default="production", check=is_one_of("production", "staging", "development")),
    Variable("SECRET_KEY", check=is_django_key),
    Variable("ALLOWED_HOSTS", cast=list),
    Variable("PUBLIC_BASE_URL", check=is_url),
    Variable("TRUSTED_PROXY_COUNT", cast=int, default=0, check=is_at_least(0)),
    Variable("DATABASE_URL", check=is_database_url),
    Variable("DATABASE_MIGRATION_URL", default="", check=is_database_url),
    Variable("REDIS_URL", check=is_redis_url),
    Variable("CACHE_URL", default="", check=is_redis_url),
    Variable("JWT_KEYS", cast=dict, check=is_token_key_ring),
    Variable("OTP_PEPPER", check=is_strong_secret),
    Variable("AUDIT_SEAL_KEYS", cast=dict, check=is_key_ring),
    Variable("AUDIT_ANCHOR_DIR", check=is_absolute_path),
    Variable("MEDIA_DIR", check=is_absolute_path),
    Variable("EMAIL_HOST"),
    Variable("EMAIL_PORT", cast=int, default=587, check=is_at_least(1)),
    Variable("EMAIL_HOST_USER", default=""),
    Variable("EMAIL_HOST_PASSWORD", default=""),
    Variable("EMAIL_USE_TLS", cast=truth, default=True),
    Variable("DEFAULT_FROM_EMAIL"),
    Variable("TERMS_VERSION"),
    Variable("TERMS_URL", check=is_url),
    Variable("COMPANY_NAME"),
    Variable("COMPANY_TAX_ID"),
    Variable("COMPANY_ADDRESS"),
    Variable("COMPANY_CONTACT"),
    Variable("PAYMENT_MINUTES", cast=int, default=60, check=is_at_least(10)),
    Variable("PAYMENTS_RATE", default="5/minute;30/day", check=is_rate),
    Variable("PAYMENT_RETURN_ORIGINS", cast=list, default=[]),
    Variable("WOMPI_ENVIRONMENT", check=is_one_of("test", "prod")),
    Variable("WOMPI_BASE_URL", check=is_url),
    Variable("WOMPI_CHECKOUT_URL", default="https://checkout.wompi.co/p/", check=is_url),
    Variable("WOMPI_PUBLIC_KEY"),
    Variable("WOMPI_PRIVATE_KEY"),
    Variable("WOMPI_EVENTS_SECRET"),
    Variable("WOMPI_INTEGRITY_SECRET"),
    Variable("PSE_ENVIRONMENT", default="", check=is_one_of("test", "prod")),
    Variable("PSE_BASE_URL", default="", check=is_url),
    Variable("PSE_LOGIN", default=""),
    Variable("PSE_SECRET_KEY", default=""),
    Variable("CASSE_BASE_URL", check=is_url),
    Variable("CASSE_CLIENT_ID"),
    Variable("CASSE_CLIENT_SECRET"),
    Variable("SYNC_INTERVAL_SECONDS", cast=int, default=600, check=is_at_least(10)),
    Variable("METRICS_TOKEN", default="", check=is_strong_secret),
    Variable("LOG_LEVEL", default="INFO", check=is_one_of("DEBUG", "INFO", "WARNING", "ERROR")),
)

STRICT: Mapping[str, Callable[[Any], str | None]] = {
    "ALLOWED_HOSTS": is_host_list,
    "PUBLIC_BASE_URL": is_https_url,
    "CASSE_BASE_URL": is_encrypted_url,
}
BY_ENVIRONMENT: Mapping[str, Mapping[str, Callable[[Any], str | None]]] = {
    "production": {**STRICT, "WOMPI_ENVIRONMENT": is_one_of("prod"), "PSE_ENVIRONMENT": is_one_of("prod")},
    "staging": {**STRICT, "WOMPI_ENVIRONMENT": is_one_of("test"), "PSE_ENVIRONMENT": is_one_of("test")},
}
"""What is checked besides: a sandbox would settle real debts, and a trial would take real money."""

DISTINCT = (
    "SECRET_KEY",
    "OTP_PEPPER",
    "JWT_KEYS",
    "AUDIT_SEAL_KEYS",
    "WOMPI_PRIVATE_KEY",
    "WOMPI_EVENTS_SECRET",
    "WOMPI_INTEGRITY_SECRET",
    "PSE_SECRET_KEY",
    "CASSE_CLIENT_SECRET",
    "METRICS_TOKEN",
)

TOGETHER = (("PSE_ENVIRONMENT", "PSE_BASE_URL", "PSE_LOGIN", "PSE_SECRET_KEY"),)
"""Of each of these groups all are given or none."""


class WrongEnvironment(ImproperlyConfigured):
    """One line for each wrong variable; values are never repeated."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        """`problems` are (variable, what is wrong)."""
        lines = [f"{name}: {problem}" for name, problem in problems]
        super().__init__("\n".join(["The environment is not complete (see .env.example):", *lines]))
        self.problems = problems


def read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The values by name. Raises WrongEnvironment: one line for each missing, unreadable, weak or repeated value."""
    env = Env()
    env.ENVIRON = dict(environ)
    values: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for variable in VARIABLES:
        value, problem = _read(env, variable)
        values[variable.name] = value
        if problem:
            problems.append((variable.name, problem))
    checks = BY_ENVIRONMENT.get(values["INSURE_ENVIRONMENT"] or "", {})
    found = [(name, check(values[name])) for name, check in checks.items() if values[name]]
    problems += [(name, problem) for name, problem in found if problem]
    for group in TOGETHER:
        missing = [name for name in group if not environ.get(name)]
        if len(missing) < len(group):
            problems += [(name, "is missing, though others of its group are given") for name in missing]
    seen: dict[str, str] = {}
    for name in DISTINCT:
        value = values[name]
        for secret in value.values() if isinstance(value, dict) else (value,):
            if secret and (first := seen.setdefault(secret, name)) != name:
                problems.append((name, f"must differ from {first}"))
    if problems:
        raise WrongEnvironment(problems)
    return values


def _read(env: Env, variable: Variable) -> tuple[Any, str | None]:
    raw = env.ENVIRON.get(variable.name, "")
    if not raw:
        return (None, "is missing") if variable.default is REQUIRED else (variable.default, None)
    if raw != raw.strip():
        return None, "begins or ends with white space"
    if PLACEHOLDER in raw:
        return None, "is still the placeholder of .env.example"
    try:
        # Of a text that begins with $ the library would take the rest for the name of another variable.
        value = raw if variable.cast is str else env(variable.name, cast=variable.cast)
        return value, variable.check(value) if variable.check else None
    except (ValueError, ImproperlyConfigured):
        return None, f"must be {FORMS.get(variable.cast, 'readable')}"
