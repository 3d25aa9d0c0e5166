"""Settings of the deployment project: composition only. Every value that differs between places is in .env.example."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from deploy_project.environment import read_environment
from deploy_project.logs import logging_config
from insure_common.api import defaults

env = read_environment(os.environ)
is_production = env["INSURE_ENVIRONMENT"] != "development"

SECRET_KEY = env["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = env["ALLOWED_HOSTS"]
ROOT_URLCONF = "deploy_project.urls"
WSGI_APPLICATION = "deploy_project.wsgi.application"
APPEND_SLASH = False

INSTALLED_APPS = [
    "insure_users.apps.BackOfficeConfig",  # Django's admin, entered by password and e-mail code
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django_structlog",
    "insure_common",
    "insure_audit",
    "insure_users",
    "insure_integrations",
    "insure_payments",
    "insure_policies",
]

MIDDLEWARE = [
    "insure_common.middleware.CorrelationMiddleware",
    "deploy_project.metrics.RequestMetrics",
    "deploy_project.request_log.RequestLog",
    "csp.middleware.CSPMiddleware",
    "insure_common.middleware.ApiAnswersMiddleware",
    *(["insure_common.middleware.HttpsOnlyMiddleware"] if is_production else []),
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- data -------------------------------------------------------------------------------------------------------------

database = environ.Env.db_url_config(env["DATABASE_URL"])
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **database,
        # One persistent connection a thread, checked before use: see docs/adr/0004.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **database.get("OPTIONS", {}),
            "connect_timeout": 3,
            # The hot statements of insure_common.database; see docs/adr/0004.
            "prepare_threshold": 5,
            "options": "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
        },
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env["CACHE_URL"] or env["REDIS_URL"],
        "KEY_PREFIX": "insure",
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
}
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": env["MEDIA_DIR"]},
    },
    "audit_anchor": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": env["AUDIT_ANCHOR_DIR"]},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = Path(env["MEDIA_DIR"]).parent / "static"

# --- people and languages ---------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "insure_users.User"
AUTHENTICATION_BACKENDS = ["insure_users.backends.RoleBackend"]
PASSWORD_HASHERS = ["insure_users.hashers.Argon2idHasher"]
LANGUAGE_CODE = "es"
LANGUAGES = [("es", "Español"), ("en", "English")]
TIME_ZONE = "America/Bogota"
USE_TZ = True

EMAIL_HOST = env["EMAIL_HOST"]
EMAIL_PORT = env["EMAIL_PORT"]
EMAIL_HOST_USER = env["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = env["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = env["EMAIL_USE_TLS"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env["DEFAULT_FROM_EMAIL"]

# --- HTTP -------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    **defaults.REST_FRAMEWORK,
    "DEFAULT_AUTHENTICATION_CLASSES": ["insure_users.authentication.AccessTokenAuthentication"],
}
# A map of the API is for those who build with it, not for everybody who asks in production.
HAS_API_DOCS = not is_production
SPECTACULAR_SETTINGS = {
    **defaults.SPECTACULAR_SETTINGS,
    "TITLE": "insure",
    "DESCRIPTION": "Policies, account and payments of an insurance app.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "UserStatus": "insure_users.enums.UserStatus",
        "IdType": "insure_users.enums.IdType",
        "PolicyStatus": "insure_policies.enums.PolicyStatus",
        "ChargeStatus": "insure_payments.enums.ChargeStatus",
        "PaymentMethodType": "insure_payments.enums.PaymentMethod",
        "PaymentStatus": "insure_payments.enums.PaymentStatus",
        "ReconciliationStatus": "insure_payments.enums.ReconciliationStatus",
        "WebhookStatus": "insure_payments.enums.WebhookStatus",
        "CaseKind": "insure_payments.enums.CaseKind",
        "CaseOutcome": "insure_payments.enums.CaseOutcome",
        "ReportFormat": "insure_audit.enums.ReportFormat",
        "ReportStatus": "insure_audit.enums.ReportStatus",
        "FailureReason": "insure_payments.enums.FailureReason",
        "ReportFailure": "insure_audit.enums.ReportFailure",
        "SyncStatus": "insure_integrations.enums.SyncStatus",
        "TransactionStatus": "insure_payments.enums.TransactionStatus",
    },
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env["TRUSTED_PROXY_COUNT"] else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if is_production else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = is_production
SECURE_HSTS_PRELOAD = is_production
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {"default-src": [SELF], "base-uri": [NONE], "form-action": [SELF], "frame-ancestors": [NONE]}
}

# Cookies are for the back office only; the API knows none.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = is_production
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/backoffice/"
SESSION_COOKIE_NAME = "__Secure-session" if is_production else "session"
CSRF_COOKIE_NAME = "__Secure-csrf" if is_production else "csrf"
# Behind a proxy that ends TLS, the browser's Origin is the public one.
CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(env["PUBLIC_BASE_URL"]))]
# An API that redirects from http lets a client send its token in clear for ever without noticing.
SILENCED_SYSTEM_CHECKS = ["security.W008"]

# --- background work --------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = env["REDIS_URL"]
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 290
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    "retry_on_timeout": False,
    "max_retries": 0,
}
CELERY_DB_REUSE_MAX = 1_000_000_000
CELERY_TIMEZONE = TIME_ZONE


def _every(seconds: int, task: str) -> dict[str, Any]:
    return {"task": "insure_common.enqueue_periodic", "schedule": seconds, "args": (task, seconds)}


CELERY_BEAT_SCHEDULE = {
    "life": {
        "task": "insure_common.show_life",
        "schedule": 30,
        "args": ("beat",),
        "options": {"expires": 60},
    },
    "sync": _every(env["SYNC_INTERVAL_SECONDS"], "insure_integrations.tasks.request_syncs_task"),
    "purge-reports": _every(3600, "insure_audit.tasks.purge_task"),
    "purge-users": _every(3600, "insure_users.tasks.purge_task"),
    "purge-integrations": _every(3600, "insure_integrations.tasks.purge_task"),
    "purge-payments": _every(3600, "insure_payments.tasks.purge_task"),
    "sweep-payments": _every(60, "insure_payments.tasks.sweep_payments_task"),
    "request-reconciliations": _every(3600, "insure_payments.tasks.request_reconciliations_task"),
    "close-statements": _every(600, "insure_payments.tasks.close_statements_task"),
}

# --- the packages -----------------------------------------------------------------------------------------------------

INSURE_COMMON = {
    "PEOPLE": "insure_users.public.people",
    "COMPANY": {
        "name": env["COMPANY_NAME"],
        "tax_id": env["COMPANY_TAX_ID"],
        "address": env["COMPANY_ADDRESS"],
        "contact": env["COMPANY_CONTACT"],
    },
    "PUBLIC_BASE_URL": env["PUBLIC_BASE_URL"].rstrip("/"),
    "TRUSTED_PROXY_COUNT": env["TRUSTED_PROXY_COUNT"],
    "REDIS_URL": env["REDIS_URL"],
    # Many phones share one address at a carrier; a code cannot be guessed at any rate.
    "THROTTLES": {"payments": env["PAYMENTS_RATE"], "verify": "60/minute;2000/day"},
    "HTML_PATHS": ("/backoffice/", "/verify/", "/payments/return/", *(["/api/v1/docs/"] if HAS_API_DOCS else [])),
    "VERIFIERS": ["insure_payments.public.verify_receipt"],
    # Asked from inside, and they tell nothing about anybody.
    "HTTP_PATHS": ("/healthz", "/readyz", "/metrics"),
    "METRICS": ["insure_common.metrics.gauges", "insure_audit.public.gauges", "insure_payments.public.gauges"],
    "RELAY_HOOKS": {
        "insure_audit.public.seal_pending": 2,
        "insure_payments.public.refresh_outdated_catalogs": 60,
        "insure_common.outbox.purge": 3600,
    },
    "SUBSCRIBERS": {
        "user_activated": ["insure_integrations.tasks.link_user_task"],
        "user_pseudonymised": [
            "insure_integrations.tasks.erase_holder_task",
            "insure_payments.tasks.erase_payer_task",
        ],
        "holder_erased": ["insure_policies.tasks.erase_insured_task"],
        "holder_linked": ["insure_policies.tasks.claim_policies_task", "insure_payments.tasks.claim_charges_task"],
    },
}
INSURE_AUDIT = {"SEAL_KEYS": env["AUDIT_SEAL_KEYS"], "ANCHOR_STORAGE": "audit_anchor"}
INSURE_USERS = {
    "JWT_KEYS": env["JWT_KEYS"],
    "OTP_PEPPER": env["OTP_PEPPER"],
    "TERMS_VERSION": env["TERMS_VERSION"],
    "TERMS_URL": env["TERMS_URL"],
    "EXPORT_PARTS": {
        "audit": "insure_audit.public.export_events",
        "integrations": "insure_integrations.public.export_person",
        "payments": "insure_payments.public.export_person",
        "policies": "insure_policies.public.export_person",
    },
}
INSURE_INTEGRATIONS = {
    "SYSTEMS": {
        "CASSE": {
            "client": "insure_integrations.clients.casse.CasseClient",
            "base_url": env["CASSE_BASE_URL"],
            "client_id": env["CASSE_CLIENT_ID"],
            "client_secret": env["CASSE_CLIENT_SECRET"],
        }
    },
    "REDIS_URL": env["REDIS_URL"],
}
INSURE_PAYMENTS = {
    "GATEWAYS": {
        "WOMPI": {
            "gateway": "insure_payments.gateways.wompi.WompiGateway",
            "environment": env["WOMPI_ENVIRONMENT"],
            "base_url": env["WOMPI_BASE_URL"],
            "checkout_url": env["WOMPI_CHECKOUT_URL"],
            "public_key": env["WOMPI_PUBLIC_KEY"],
            "private_key": env["WOMPI_PRIVATE_KEY"],
            "events_secret": env["WOMPI_EVENTS_SECRET"],
            "integrity_secret": env["WOMPI_INTEGRITY_SECRET"],
        },
        **(
            {
                "PSE": {
                    "gateway": "insure_payments.gateways.pse.PseGateway",
                    "environment": env["PSE_ENVIRONMENT"],
                    "base_url": env["PSE_BASE_URL"],
                    "login": env["PSE_LOGIN"],
                    "secret_key": env["PSE_SECRET_KEY"],
                }
            }
            if env["PSE_BASE_URL"]
            else {}
        ),
    },
    "PAYMENT_MINUTES": env["PAYMENT_MINUTES"],
    "RETURN_ORIGINS": env["PAYMENT_RETURN_ORIGINS"],
}

# --- logs and metrics -------------------------------------------------------------------------------------------------

DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
LOGGING = logging_config(level=env["LOG_LEVEL"])
METRICS_TOKEN = env["METRICS_TOKEN"]
