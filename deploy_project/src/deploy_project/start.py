"""Refuse to start with settings that a package finds wrong, such as keys of another Wompi environment."""

import io

from django.core.management import call_command


def refuse_wrong_settings() -> None:
    """Run Django's checks, which need no server. Raises SystemCheckError with one line for each problem."""
    call_command("check", stdout=io.StringIO(), stderr=io.StringIO())
