"""WSGI entry point."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from django.utils.http import parse_header_parameters

from deploy_project.start import refuse_wrong_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy_project.settings")


class Handler(WSGIHandler):
    """A Content-Type that cannot be read is none: Django would fail before any code that answers errors."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        except (TypeError, ValueError):
            environ["CONTENT_TYPE"] = ""
        return super().__call__(environ, start_response)


django.setup(set_prefix=False)
application = Handler()
refuse_wrong_settings()
