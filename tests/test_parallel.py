"""Parallel requests of one person against the real server: gunicorn with the deployment's settings, real PostgreSQL."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from insure_users.models import Challenge, Session
from insure_users.testing.factories import PASSWORD, make_user, person
from insure_users.testing.sign_in import code_in

pytestmark = pytest.mark.django_db(transaction=True)

ROLE = "insure_test_application"
AT_ONCE = 16
START_SECONDS = 30


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[str]:
    """The base URL of gunicorn on the test database, in the application's role."""
    owner = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        database.execute(f"ALTER ROLE {ROLE} LOGIN PASSWORD '{ROLE}'")
    application = owner._replace(
        netloc=f"{ROLE}:{ROLE}@{owner.netloc.rpartition('@')[2]}", path=f"/{connection.settings_dict['NAME']}"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "deploy_project.settings",
        "DATABASE_URL": urlunsplit(application),
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "deploy_project.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"),
        *("--worker-class", "deploy_project.worker.Worker", "--workers", "2", "--threads", "4"),
    ]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield _address_in(log, process)
        finally:
            process.terminate()
            process.wait(20)
            log.seek(0)
            sys.stdout.write(log.read())


def _address_in(log: Any, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while True:
        log.seek(0)
        text = log.read()
        if found := re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", text):
            break
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    assert httpx.get(f"{found[1]}/readyz", timeout=START_SECONDS, trust_env=False).status_code == 200, text
    return found[1]


class Clients:
    """Callers that send at once, each over a connection and from a client address of its own."""

    def __init__(self, server: str) -> None:
        self.server = server

    def post(self, path: str, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
        def send(number: int) -> httpx.Response:
            transport = httpx.HTTPTransport(local_address=f"127.1.0.{number + 1}")
            with httpx.Client(transport=transport, timeout=60) as client:
                return client.post(f"{self.server}/api/v1/{path}/", json=bodies[number])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(send, range(len(bodies))))
        assert max(answer.status_code for answer in answers) < 500
        return answers


@pytest.fixture
def clients(server: str) -> Clients:
    return Clients(server)


@pytest.fixture
def asked(clients: Clients, mailbox: Any, drain_outbox: Callable[[], int]) -> dict[str, str]:
    """A sign-in whose password was right, with its code."""
    email = make_user().email_primary
    [answer] = clients.post("auth/login", [{"email": email, "password": PASSWORD}])
    drain_outbox()
    return {"challenge_id": answer.json()["challenge_id"], "code": code_in(mailbox.messages(to=email)[0])}


def outcomes(answers: list[httpx.Response]) -> Counter[Any]:
    return Counter(answer.json().get("code", answer.status_code) for answer in answers)


def test_of_a_hundred_wrong_codes_five_are_evaluated(clients, asked):
    wrong = asked | {"code": f"{(int(asked['code']) + 1) % 1_000_000:06}"}
    assert outcomes(clients.post("auth/otp/verify", [wrong] * 100)) == {"otp_invalid": 5, "otp_exhausted": 95}
    assert Challenge.objects.get().attempts == 5
    assert outcomes(clients.post("auth/otp/verify", [asked])) == {"otp_exhausted": 1}


def test_of_fifty_right_codes_one_succeeds(clients, asked):
    found = outcomes(clients.post("auth/otp/verify", [asked] * 50))
    assert found[200] == 1
    assert set(found) <= {200, "otp_invalid", "otp_exhausted"}
    assert Session.objects.count() == 1


def test_eight_refreshes_of_one_token_get_one_pair(clients, asked):
    [answer] = clients.post("auth/otp/verify", [asked])
    token = answer.json()["refresh"]
    for _ in range(5):
        answers = clients.post("auth/token/refresh", [{"refresh": token}] * 8)
        assert {answer.status_code for answer in answers} == {200}
        [pair] = {(answer.json()["access"], answer.json()["refresh"]) for answer in answers}
        assert pair[1] != token
        token = pair[1]
    assert Session.objects.filter(ended_at=None).count() == 1


def test_twenty_registrations_of_one_address_make_one_user(clients, mailbox, drain_outbox):
    ana = person(email_primary="ana@example.com", birth_date="1990-05-17")
    registration = ana | {"password": PASSWORD, "accepts_terms": True, "terms_version": "2026-11"}
    answers = clients.post("auth/register", [registration] * 20)
    assert outcomes(answers) == {202: 20}
    drain_outbox()
    code = code_in(mailbox.messages(to="ana@example.com")[0])
    bodies = [{"challenge_id": answer.json()["challenge_id"], "code": code} for answer in answers]
    assert outcomes(clients.post("auth/otp/verify", bodies)) == {200: 1, "otp_invalid": 19}
    assert get_user_model().objects.count() == 1
