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
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.transaction import atomic

from insure_users.models import Challenge, Session, User
from insure_users.services.sessions import start_session
from insure_users.testing.factories import PASSWORD, make_user, person
from insure_users.testing.sign_in import code_in, sign_in
from insure_users.tokens import pair_of

pytestmark = pytest.mark.django_db(transaction=True)

ROLE = "insure_test_application"
AT_ONCE = 16
START_SECONDS = 30
NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def server_without_redis() -> Iterator[str]:
    with serving(REDIS_URL=NO_REDIS) as address:
        yield address


@contextmanager
def serving(**variables: str) -> Iterator[str]:
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
        **variables,
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "deploy_project.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"),
        *("--worker-class", "deploy_project.worker.Worker", "--workers", "2", "--threads", "4", "--preload"),
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
        return self.send([(path, "", body) for body in bodies])

    def send(self, calls: list[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        """Each call is (path, access token or nothing, body)."""

        def post(number: int) -> httpx.Response:
            path, token, body = calls[number]
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            transport = httpx.HTTPTransport(local_address=f"127.1.0.{number + 1}")
            with httpx.Client(transport=transport, timeout=60) as client:
                return client.post(f"{self.server}/api/v1/{path}/", json=body, headers=headers)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(post, range(len(calls))))
        assert max(answer.status_code for answer in answers) < 500
        return answers


@pytest.fixture
def clients(server: str) -> Clients:
    return Clients(server)


@pytest.fixture
def ask(clients: Clients, mailbox: Any, drain_outbox: Callable[[], int]) -> Callable[[User], dict[str, str]]:
    """A sign-in whose password was right, with its code."""

    def ask(user: User) -> dict[str, str]:
        [answer] = clients.post("auth/login", [{"email": user.email_primary, "password": PASSWORD}])
        drain_outbox()
        code = code_in(mailbox.messages(to=user.email_primary)[0])
        return {"challenge_id": answer.json()["challenge_id"], "code": code}

    return ask


@pytest.fixture
def asked(ask: Callable[[User], dict[str, str]]) -> dict[str, str]:
    return ask(make_user())


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
    for _ in range(20):
        answers = clients.post("auth/token/refresh", [{"refresh": token}] * 8)
        assert {answer.status_code for answer in answers} == {200}
        [pair] = {(answer.json()["access"], answer.json()["refresh"]) for answer in answers}
        assert pair[1] != token
        token = pair[1]
    assert Session.objects.filter(ended_at=None).count() == 1


def test_of_two_administrators_who_demote_each_other_one_remains(clients):
    pair = [make_user(role="ADMIN") for _ in range(2)]
    administrators = get_user_model().objects.filter(role="ADMIN")
    for _ in range(8):
        get_user_model().objects.update(role="ADMIN")
        calls = [
            (f"admin/users/{target.pk}/role", sign_in(actor), {"role": "CLIENT", "reason": "prueba"})
            for actor, target in zip(pair, reversed(pair), strict=True)
        ]
        assert outcomes(clients.send(calls))[200] == 1
        assert administrators.count() == 1


def test_suspension_outruns_what_is_on_its_way(clients, ask):
    admin = sign_in(make_user(role="ADMIN"))
    for _ in range(4):
        user = make_user()
        with atomic():
            token = pair_of(start_session(user=user)).refresh
        refresh, verify = ("auth/token/refresh", "", {"refresh": token}), ("auth/otp/verify", "", ask(user))
        suspend = (f"admin/users/{user.pk}/suspend", admin, {"reason": "prueba"})
        answers = clients.send([refresh, verify, suspend, refresh, verify, refresh])
        assert answers[2].status_code == 200
        assert not Session.objects.filter(user=user, ended_at=None).exists()
        given = {answer.json()["refresh"] for answer in answers if "refresh" in answer.json()}
        later = clients.post("auth/token/refresh", [{"refresh": token} for token in {token, *given}])
        assert set(outcomes(later)) == {"token_invalid"}


@pytest.mark.parametrize("running", ["server", "server_without_redis"])
def test_fifty_wrong_passwords_are_stopped_until_the_wait_is_over(request, running, mailbox, drain_outbox):
    clients, email = Clients(request.getfixturevalue(running)), make_user().email_primary
    found = outcomes(clients.post("auth/login", [{"email": email, "password": "wrong"}] * 50))
    # On a slow machine the first delays, of seconds, pass meanwhile.
    assert found["invalid_credentials"] in range(5, 9)
    assert found["too_many_requests"] == 50 - found["invalid_credentials"]
    assert outcomes(clients.post("auth/password/forgot", [{"email": email}])) == {202: 1}
    right = [{"email": email, "password": PASSWORD}]
    [answer] = clients.post("auth/login", right)
    if answer.status_code == 429:
        time.sleep(int(answer.headers["Retry-After"]))
        [answer] = clients.post("auth/login", right)
    assert answer.status_code == 202
    mailbox.clear()
    drain_outbox()
    codes = [code_in(message) for message in mailbox.messages(to=email)]
    bodies = [{"challenge_id": answer.json()["challenge_id"], "code": code} for code in codes]
    assert outcomes(clients.post("auth/otp/verify", bodies))[200] == 1


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
