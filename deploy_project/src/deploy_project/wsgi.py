"""WSGI entry point."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from deploy_project.start import refuse_wrong_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy_project.settings")


class Request(WSGIRequest):
    """A Content-Type that cannot be read is none: Django would fail before any code that answers errors."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc] # not in its stubs
        except (TypeError, ValueError):
            meta["CONTENT_TYPE"] = ""
            super()._set_content_type_params(meta)  # type: ignore[misc]


class Handler(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
application = Handler()
refuse_wrong_settings()
