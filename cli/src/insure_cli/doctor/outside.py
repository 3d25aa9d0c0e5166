"""What lies around: mail, files, the providers, and the web server as others reach it."""

import smtplib
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from insure_cli.doctor.findings import Finding, Status, fine, judged, unreachable

TIMEOUT = 3.0
FOLDERS = (("documents", "default", "MEDIA_DIR"), ("anchors", "audit_anchor", "AUDIT_ANCHOR_DIR"))
PORTS = {"http": 80, "https": 443}


def check_mail() -> Iterator[Finding]:
    from django.conf import settings
    from django.core.mail import get_connection

    mail: Any = get_connection(timeout=TIMEOUT)
    try:
        mail.open()
        mail.close()
    except smtplib.SMTPAuthenticationError:
        detail, mend = "the server refuses user and password", "correct EMAIL_HOST_USER and EMAIL_HOST_PASSWORD"
        yield Finding("mail", Status.WRONG, detail, mend)
    except (OSError, smtplib.SMTPException) as error:
        yield unreachable("mail", error, "correct EMAIL_HOST, EMAIL_PORT and EMAIL_USE_TLS")
    else:
        encrypted = "with TLS" if settings.EMAIL_USE_TLS else "without TLS"
        yield fine("mail", f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} takes mail, {encrypted}")


def check_files() -> Iterator[Finding]:
    from django.conf import settings

    storages: Any = settings.STORAGES
    for name, alias, variable in FOLDERS:
        folder = Path(storages[alias]["OPTIONS"]["location"])
        problem = _writing_problem(folder)
        mend = f"let this user write there, or correct {variable}"
        yield judged(name, problem or f"{folder} can be written", is_right=not problem, mend=mend)
    static = Path(settings.STATIC_ROOT)
    has_files = static.is_dir() and any(static.iterdir())
    detail = f"{static} {'is there' if has_files else 'is empty: the back office has no styles'}"
    collect = "django-admin collectstatic --settings deploy_project.settings"
    yield judged("static files", detail, is_right=has_files, mend=collect, otherwise=Status.WARNING)


def _writing_problem(folder: Path) -> str:
    """Empty if files can be made there. A folder that is not there yet is made with its first file."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return ""
    except OSError as error:
        return f"{existing}: {error.strerror}"


def check_providers() -> Iterator[Finding]:
    from django.conf import settings

    systems = settings.INSURE_PAYMENTS["GATEWAYS"] | settings.INSURE_INTEGRATIONS["SYSTEMS"]
    for name, options in systems.items():
        url = urlsplit(options["base_url"])
        try:
            with socket.create_connection((url.hostname or "", url.port or PORTS[url.scheme]), timeout=TIMEOUT):
                yield fine(name, f"{url.hostname} can be reached")
        except OSError as error:
            yield unreachable(name, error, f"correct {name}_BASE_URL, or let this host out to {url.hostname}")


def check_web() -> Iterator[Finding]:
    from django.conf import settings

    url = settings.INSURE_COMMON["PUBLIC_BASE_URL"]
    try:
        answer = httpx.get(f"{url}/readyz", timeout=TIMEOUT, trust_env=False)
    except httpx.HTTPError as error:
        mend = "start the web server, or correct PUBLIC_BASE_URL; no matter if only this host cannot reach it"
        yield Finding("web server", Status.WARNING, f"{url}: {error}", mend)
        return
    detail = f"{url} {'is ready' if answer.is_success else f'answers {answer.status_code} to /readyz'}"
    yield judged("web server", detail, is_right=answer.is_success, mend="read its log; are migrations pending?")


def check_metrics() -> Iterator[Finding]:
    from django.conf import settings

    is_open = bool(settings.METRICS_TOKEN)
    detail = "/metrics answers the bearer of METRICS_TOKEN" if is_open else "there is no /metrics: nobody watches"
    mend = "set METRICS_TOKEN and let Prometheus send it"
    yield judged("metrics", detail, is_right=is_open, mend=mend, otherwise=Status.WARNING)
