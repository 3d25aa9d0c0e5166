"""The variables, and what Django and the packages find in the settings that are made of them."""

from collections.abc import Iterator, Mapping

from deploy_project.environment import (
    VARIABLES,
    WrongEnvironment,
    is_django_key,
    is_key_ring,
    is_strong_secret,
    is_token_key_ring,
    read_environment,
)
from insure_cli.doctor.findings import Finding, Status, fine

EXPLAINED = ".env.example says what belongs there"
MAKE_RING = 'make one: echo "2026-11=$(openssl rand -base64 32)"'
MAKE_TEXT = "make one: openssl rand -base64 48"
HOW_TO_MAKE = {
    is_django_key: MAKE_TEXT,
    is_strong_secret: MAKE_TEXT,
    is_key_ring: MAKE_RING,
    is_token_key_ring: MAKE_RING,
}


def check_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """One finding for each missing, weak, unreadable or repeated value, placeholders included."""
    try:
        values = read_environment(environ)
    except WrongEnvironment as error:
        for name, problem in error.problems:
            yield Finding(name, Status.WRONG, problem, _mend(name))
        return
    yield fine("variables", f"{len(VARIABLES)} read: complete, strong, no secret used twice")
    yield fine("environment", values["INSURE_ENVIRONMENT"])


def _mend(name: str) -> str:
    check = next(variable.check for variable in VARIABLES if variable.name == name)
    return HOW_TO_MAKE.get(check, EXPLAINED) if check else EXPLAINED


def check_settings() -> Iterator[Finding]:
    """Django's checks and the packages', keys and addresses of the providers among them."""
    from django.conf import settings
    from django.core import checks

    is_production = settings.SECURE_HSTS_SECONDS > 0
    messages = checks.run_checks(include_deployment_checks=is_production)
    problems = [message for message in messages if message.level >= checks.WARNING and not message.is_silenced()]
    for message in problems:
        status = Status.WRONG if is_production or message.level >= checks.ERROR else Status.WARNING
        text = " ".join(str(message.msg).split())
        yield Finding(message.id or "check", status, text, message.hint or "see the packages' README")
    if not problems:
        command = "check --deploy" if is_production else "check"
        yield fine("settings", f"{command} is clean; providers are configured")
