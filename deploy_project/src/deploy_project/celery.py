"""The Celery application: late acknowledgement, JSON only, time limits; all of it set in settings.py."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, task_prerun, worker_init
from django.db import close_old_connections
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy_project.settings")

logger = logging.getLogger(__name__)
app = Celery("insure")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """A receiver keeps Celery from replacing the logging of settings.py."""


@worker_init.connect
@beat_init.connect
def check_settings(**_: Any) -> None:
    from deploy_project.start import refuse_wrong_settings

    refuse_wrong_settings()


@beat_init.connect
def show_life(**_: Any) -> None:
    """The first sign of life; the schedule's come every 30 seconds from now on."""
    try:
        app.send_task("insure_common.show_life", ("beat",), expires=60, retry=False)
    except OperationalError:
        logger.warning("beat waits for the broker", exc_info=True)


@task_prerun.connect
def check_connections(**_: Any) -> None:
    """With CELERY_DB_REUSE_MAX connections outlive tasks; this drops the dead and the old ones."""
    close_old_connections()
