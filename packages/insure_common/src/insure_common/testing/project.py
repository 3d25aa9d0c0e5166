"""Settings of a small project that is not ours, for the suite of one package."""

import os
import tempfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from insure_common.api import defaults

MEDIA = tempfile.TemporaryDirectory(prefix="insure-media-", ignore_cleanup_errors=True)
"""Goes when the process ends."""


def database(url: str, *, test_name: str) -> dict[str, Any]:
    """Django's settings of one PostgreSQL database from its URL."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname,
        "PORT": parts.port,
        "TEST": {"NAME": test_name},
    }


def base_settings(package: str, *, user_model: str = "members.Member", apps: Sequence[str] = ()) -> dict[str, Any]:
    """Settings of the project in which the suite of `package` runs, with `apps` beside it.

    In `tests/project/settings.py`: `globals().update(base_settings("insure_audit"))`. DATABASE_URL and REDIS_URL come
    from the environment; `insure_common.testing.plugin` starts servers if they are unset.
    """
    foreign = user_model == "members.Member"
    return {
        "SECRET_KEY": "only-for-tests-" + "0" * 40,
        "ALLOWED_HOSTS": ["testserver", "127.0.0.1", "localhost"],
        "INSTALLED_APPS": [
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "rest_framework",
            "drf_spectacular",
            "insure_common",
            *(["insure_common.testing.members"] if foreign else []),
            *[app for app in (*apps, package) if app != "insure_common"],
        ],
        "AUTH_USER_MODEL": user_model,
        "DATABASES": {"default": database(os.environ["DATABASE_URL"], test_name=f"test_{package}")},
        "MIDDLEWARE": [
            "insure_common.middleware.CorrelationMiddleware",
            "insure_common.middleware.ApiAnswersMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        "TEMPLATES": [
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
        ],
        "ROOT_URLCONF": "project.urls",
        "STORAGES": {
            "default": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": MEDIA.name},
            },
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        "REST_FRAMEWORK": defaults.REST_FRAMEWORK
        | {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"]},
        "SPECTACULAR_SETTINGS": defaults.SPECTACULAR_SETTINGS,
        "INSURE_COMMON": {"PEOPLE": "insure_common.testing.members.people.MembersPeople"} if foreign else {},
        "LANGUAGE_CODE": "es",
        "LANGUAGES": [("es", "Español"), ("en", "English")],
        "TIME_ZONE": "America/Bogota",
        "USE_TZ": True,
        "APPEND_SLASH": False,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "EMAIL_HOST": "127.0.0.1",
    }
