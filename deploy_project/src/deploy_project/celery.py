"""The Celery application: late acknowledgement, JSON only, time limits; all of it set in settings.py."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy_project.settings")

app = Celery("insure")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """A receiver keeps Celery from replacing the logging of settings.py."""


@task_prerun.connect
def check_connections(**_: Any) -> None:
    """With CELERY_DB_REUSE_MAX connections outlive tasks; this drops the dead and the old ones."""
    close_old_connections()
