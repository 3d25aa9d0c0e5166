import os
import socket
import time
from uuid import uuid4

import pytest

from insure_common.api.throttles import FairUse

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open():
    FairUse._closed_until = 0.0
    yield
    FairUse._closed_until = 0.0


def test_calls_over_the_rate_are_429_with_retry_after(api, settings):
    settings.INSURE_COMMON = {"REDIS_URL": os.environ["REDIS_URL"], "THROTTLES": {"scarce": "3/minute;1000/day"}}
    address = f"10.{uuid4().int % 250}.{uuid4().int % 250}.{uuid4().int % 250}"
    answers = [api.get("/api/v1/scarce/", REMOTE_ADDR=address) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "throttled"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 120
    assert api.get("/api/v1/scarce/", REMOTE_ADDR="10.0.0.250").status_code == 200


@pytest.fixture
def mute_server():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.mark.parametrize("server", ["gone", "mute"])
def test_everybody_passes_while_redis_does_not_answer(api, settings, mute_server, server):
    url = mute_server if server == "mute" else "redis://127.0.0.1:1/0"
    settings.INSURE_COMMON = {"REDIS_URL": url, "THROTTLES": {"scarce": "1/minute"}}
    assert [api.get("/api/v1/scarce/").status_code for _ in range(20)] == [200] * 20
    assert FairUse._closed_until > time.monotonic()
