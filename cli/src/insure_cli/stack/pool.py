"""What the local stack adds to a Celery worker (`celery worker --include insure_cli.stack.pool`)."""

import os
import signal
import tempfile
from pathlib import Path
from typing import Any

from celery.signals import worker_process_init, worker_ready

from insure_common.testing.servers import die_with_parent


@worker_process_init.connect
def end_with_worker(**_: Any) -> None:
    """A process of the pool would go on with its task after the worker was killed."""
    die_with_parent(os.getppid(), signal.SIGKILL)


@worker_ready.connect
def tell_supervisor(**_: Any) -> None:
    Path(tempfile.gettempdir(), "worker.ready").touch()
