"""The directory into which the processes of one gunicorn count; apart from metrics.py, which must be imported later."""

import atexit
import os
import shutil
import tempfile

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client looks for this variable when it is imported."""


def make_shared_directory() -> None:
    """Let all processes that this one will fork count together, from zero; the directory goes with this process."""
    if DIRECTORY in os.environ:
        return
    path, owner = tempfile.mkdtemp(prefix="insure-metrics-"), os.getpid()
    os.environ[DIRECTORY] = path

    def remove() -> None:
        # Forks inherit this function.
        if os.getpid() == owner:
            shutil.rmtree(path, ignore_errors=True)

    atexit.register(remove)
