"""The deployment project in this process, for the commands that call the packages' services."""

import os
from urllib.parse import unquote, urlsplit

import django
from django.core.exceptions import ImproperlyConfigured

from insure_cli import exits

SETTINGS = "deploy_project.settings"


def set_up() -> None:
    """Load the settings; ends the command with the list of what is missing if the environment is not complete."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    try:
        django.setup()
    except ImproperlyConfigured as error:
        exits.end(exits.NOT_ALLOWED, f'{error}\nTo join the local stack: eval "$(insure env)"')


def set_up_as_owner() -> str | None:
    """Load the settings with the owner's connection; the application's role, None if it is the same one."""
    application, owner = os.environ.get("DATABASE_URL", ""), os.environ.get("DATABASE_MIGRATION_URL", "")
    os.environ["DATABASE_URL"] = owner or application
    set_up()
    role, owner_role = (unquote(urlsplit(url).username or "") for url in (application, owner or application))
    return role if role != owner_role else None
