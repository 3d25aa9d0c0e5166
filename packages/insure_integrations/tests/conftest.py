import uuid

import pytest
import redis

from insure_common.testing.http import serve
from insure_common.testing.members.models import Member
from insure_integrations.testing.casse import CasseSandbox


@pytest.fixture(autouse=True)
def _closed_breakers(settings):
    client = redis.Redis.from_url(settings.INSURE_INTEGRATIONS["REDIS_URL"])
    for key in client.scan_iter("insure:breaker:*"):
        client.delete(key)


@pytest.fixture
def casse(settings, monkeypatch):
    """A CASSE sandbox of 25 policies behind real HTTP, walked in pages of ten, by clients that do not wait."""
    monkeypatch.setattr("insure_integrations.client._wait", lambda state: 0)
    sandbox = CasseSandbox(policies=25, client_id="insure", client_secret="canary-secret")
    with serve(sandbox.app) as url:
        system = {
            "client": "insure_integrations.clients.casse.CasseClient",
            "base_url": url,
            "client_id": "insure",
            "client_secret": "canary-secret",
        }
        settings.INSURE_INTEGRATIONS = settings.INSURE_INTEGRATIONS | {
            "SYSTEMS": {"CASSE": system},
            "SYNC_PAGE_SIZE": 10,
            "BREAKER_FAILURES": 1000,
        }
        yield sandbox


@pytest.fixture
def member(db):
    """Make a user, by default the one whom `casse.add_holder(**CLARA)` describes."""

    def make(**changes):
        values = {"email": "clara@example.com", "full_name": "Clara Rojas Peña", "id_number": "52700104"}
        return Member.objects.create(**values | changes)

    return make


@pytest.fixture
def system():
    """A name of a system of which no breaker knows."""
    return f"TEST-{uuid.uuid4().hex[:8]}"
