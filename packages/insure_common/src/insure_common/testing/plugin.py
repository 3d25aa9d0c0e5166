"""pytest plugin (`-p insure_common.testing.plugin`): real servers, a movable clock, a mailbox, the outbox by hand."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Start PostgreSQL and a Redis-protocol server from wheels unless the environment names others.

    A wrapper, so that it comes before pytest-django reads the settings. The servers end when our end of their standard
    input closes, also when this process is killed.
    """
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return (yield)
    servers = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("servers.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert servers.stdout is not None
    os.environ |= json.loads(servers.stdout.readline())
    return (yield)


@pytest.fixture(scope="session", autouse=True)
def _flush_passes_append_only_triggers() -> Iterator[None]:
    """`transaction=True` tests flush with TRUNCATE, which append-only tables refuse.

    The test database's owner needs to be a superuser, or `GRANT SET ON PARAMETER session_replication_role`.
    """
    from django.db.backends.postgresql.operations import DatabaseOperations

    original = DatabaseOperations.execute_sql_flush
    passing = ["SET LOCAL ROLE NONE", "SET LOCAL session_replication_role = replica"]

    def flush(self: DatabaseOperations, sql_list: Iterable[str]) -> None:
        original(self, [*passing, *sql_list])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush)
        yield


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def clock() -> Iterator[Any]:
    """`insure_common.clock`, put right again after the test: `clock.travel(timedelta(minutes=6))`."""
    from insure_common import clock

    yield clock
    clock.reset()


@pytest.fixture
def drain_outbox() -> Callable[..., int]:
    """`insure_common.testing.outbox.drain`."""
    from insure_common.testing.outbox import drain

    return drain


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[Any]:
    from insure_common.testing.http import serve
    from insure_common.testing.mailbox import Mailbox

    mailbox = Mailbox()
    with serve(mailbox.app):
        yield mailbox


@pytest.fixture
def mailbox(_mail_server: Any, settings: Any) -> Any:
    """A `Mailbox` on real SMTP that receives what the test sends."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = _mail_server.port
    _mail_server.clear()
    return _mail_server


@pytest.fixture
def api() -> Any:
    """DRF's APIClient; sign somebody in with `api.force_authenticate(user)`."""
    from rest_framework.test import APIClient

    return APIClient()
