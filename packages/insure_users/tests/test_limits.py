"""Limits of sign-in and mails: growing, released by themselves, equal for known and unknown addresses."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insure_common.models import OutboxMessage
from insure_users.enums import UserStatus
from insure_users.hashers import Argon2idHasher
from insure_users.models import Challenge
from insure_users.testing.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def fail(phone, email, address="127.0.0.1"):
    return phone.post("auth/login", address, email=email, password="wrong")


def test_wrong_passwords_wait_longer_and_longer_and_the_right_one_works_afterwards(phone, clock):
    email = make_user().email_primary
    waits = []
    for _ in range(50):
        answer = fail(phone, email)
        if answer.status_code == 429:
            waits.append(int(answer["Retry-After"]))
            clock.travel(timedelta(seconds=waits[-1]))
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert max(waits) == 900
    clock.travel(timedelta(minutes=15))
    assert phone.post("auth/login", email=email, password=PASSWORD).status_code == 202


def test_refused_attempts_do_not_prolong_the_wait(phone, clock):
    email = make_user().email_primary
    for _ in range(50):
        fail(phone, email)
    clock.travel(timedelta(seconds=2))
    assert phone.post("auth/login", email=email, password=PASSWORD).status_code == 202


def test_completed_sign_in_forgets_the_failures(phone, clock):
    email = make_user().email_primary
    for _ in range(4):
        fail(phone, email)
    phone.signed_in(email)
    assert [fail(phone, email).status_code for _ in range(6)] == [401] * 5 + [429]


def test_one_address_that_tries_many_accounts_is_stopped_and_others_are_not(phone):
    emails = [f"nobody.{number}@example.com" for number in range(35)]
    statuses = [fail(phone, email, "127.0.0.9").status_code for email in emails]
    assert statuses == [401] * 30 + [429] * 5
    assert fail(phone, "nobody.99@example.com", "127.0.0.10").status_code == 401


def test_forwarded_header_of_a_stranger_changes_no_address(phone):
    body = {"password": "wrong"}
    statuses = [
        phone.api.post(
            "/api/v1/auth/login/",
            body | {"email": f"nobody.{number}@example.com"},
            REMOTE_ADDR="127.0.0.9",
            HTTP_X_FORWARDED_FOR=f"10.0.0.{number}",
        ).status_code
        for number in range(32)
    ]
    assert statuses.count(429) == 2


@pytest.mark.parametrize("known", [True, False])
def test_three_mails_a_minute_to_one_address(phone, registration, clock, known):
    if known:
        make_user(email_primary="ana@example.com")
    statuses = [phone.post("auth/register", **registration).status_code for _ in range(20)]
    assert statuses == [202] * 3 + [429] * 17
    phone.drain_outbox()
    assert len(phone.mailbox.messages(to="ana@example.com")) <= 3
    clock.travel(timedelta(minutes=1))
    assert phone.post("auth/register", **registration).status_code == 202


def test_mails_of_somebody_else_do_not_use_up_the_minute_of_the_owner(phone, registration):
    for _ in range(5):
        phone.post("auth/register", "127.0.0.66", **registration)
    assert phone.post("auth/register", "127.0.0.1", **registration).status_code == 202


@pytest.mark.parametrize(
    ("limit", "emails"),
    [("MAILS_PER_ADDRESS_PER_HOUR", ["a@example.com", "b@example.com"]), ("MAILS_PER_HOUR", ["a@example.com"])],
)
def test_hourly_caps_of_mails(phone, registration, settings, clock, limit, emails):
    settings.INSURE_USERS = settings.INSURE_USERS | {limit: 2}

    def ask():
        statuses = []
        for number in range(3):
            clock.travel(timedelta(minutes=1))
            body = registration | {"email_primary": emails[number % len(emails)]}
            statuses.append(phone.post("auth/register", **body).status_code)
        return statuses

    assert ask() == [202, 202, 429]
    clock.travel(timedelta(hours=1))
    assert ask() == [202, 202, 429]


def test_day_of_wrong_codes_is_counted_over_all_challenges_and_ends(phone, settings, clock):
    settings.INSURE_USERS = settings.INSURE_USERS | {"WRONG_CODES_PER_DAY": 6}
    email = make_user().email_primary

    def answers(*, wrong):
        clock.travel(timedelta(minutes=1))
        challenge_id, code = phone.asked_for_code(email)
        codes = [f"{(int(code) + 1) % 1_000_000:06}"] * wrong + [code]
        found = [phone.post("auth/otp/verify", challenge_id=challenge_id, code=code) for code in codes]
        return [answer.json().get("code", answer.status_code) for answer in found]

    assert answers(wrong=4) == ["otp_invalid"] * 4 + [200]
    assert answers(wrong=2) == ["otp_invalid"] * 2 + ["otp_exhausted"]
    assert answers(wrong=0) == ["otp_exhausted"]
    clock.travel(timedelta(days=1))
    assert answers(wrong=0) == [200]


def test_mail_is_not_sent_while_somebody_waits_for_the_answer(phone, settings):
    email = make_user().email_primary
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    challenge_id = phone.post("auth/login", email=email, password=PASSWORD).json()["challenge_id"]
    settings.EMAIL_PORT = port
    assert phone.post("auth/otp/verify", challenge_id=challenge_id, code=phone.code(email)).status_code == 200


def test_daily_cap_of_all_mails(phone, registration, settings):
    settings.INSURE_USERS = settings.INSURE_USERS | {"MAILS_PER_DAY": 2}
    statuses = [
        phone.post("auth/register", **registration | {"email_primary": f"a{n}@example.com"}).status_code
        for n in range(3)
    ]
    assert statuses == [202, 202, 429]


class Work:
    """Statements, hashes and messages of one call."""

    def __init__(self, monkeypatch):
        self.hashes = 0
        for name in ("encode", "verify"):
            monkeypatch.setattr(Argon2idHasher, name, self._counted(getattr(Argon2idHasher, name)))
        hashers.get_hashers.cache_clear()

    def _counted(self, original):
        def counted(hasher, *args):
            self.hashes += 1
            return original(hasher, *args)

        return counted

    def of(self, call, *args, **kwargs):
        hashes, messages = self.hashes, OutboxMessage.objects.count()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = call(*args, **kwargs)
        return {
            "statements": [re.split(r"\sWHERE|\sSET|\(|_x\d+", query["sql"])[0] for query in queries],
            "hashes": self.hashes - hashes,
            "messages": OutboxMessage.objects.count() - messages,
            "status": answer.status_code,
            "headers": set(answer.headers),
            "fields": {name: "" if "_" in name else value for name, value in answer.json().items()},
        }


def test_failed_sign_in_does_the_same_work_whoever_it_is(phone, monkeypatch):
    work = Work(monkeypatch)
    known, suspended = make_user(), make_user(status=UserStatus.SUSPENDED)
    pending = make_user(status=UserStatus.PENDING)
    calls = [
        (known.email_primary, "wrong"),
        ("nobody@example.com", PASSWORD),
        (suspended.email_primary, "wrong"),
        (suspended.email_primary, PASSWORD),
        (pending.email_primary, PASSWORD),
    ]
    seen = [work.of(phone.post, "auth/login", email=email, password=secret) for email, secret in calls]
    assert seen[0]["status"] == 401
    assert seen[0]["hashes"] == 1
    for other in seen[1:]:
        assert other == seen[0]


def test_wrong_password_costs_todays_hash_also_for_who_has_an_older_one(phone, monkeypatch, settings):
    email = make_user().email_primary
    settings.INSURE_USERS = settings.INSURE_USERS | {"ARGON2_TIME_COST": 2}
    work = Work(monkeypatch)
    assert work.of(phone.post, "auth/login", email=email, password="wrong")["hashes"] == 2


def test_registration_does_the_same_work_whether_the_address_is_known(phone, registration, monkeypatch):
    work = Work(monkeypatch)
    make_user(email_primary="known@example.com")
    make_user(email_primary="suspended@example.com", status=UserStatus.SUSPENDED)
    make_user(id_type="CC", id_number="99999999")
    variants = [
        {"email_primary": "new@example.com"},
        {"email_primary": "known@example.com"},
        {"email_primary": "suspended@example.com"},
        {"email_primary": "other@example.com", "id_number": "99999999"},
    ]
    seen = [work.of(phone.post, "auth/register", **registration | changes) for changes in variants]
    assert (seen[0]["status"], seen[0]["hashes"], seen[0]["messages"]) == (202, 1, 1)
    for other in seen[1:]:
        assert other == seen[0]


def test_forgotten_password_and_resend_do_the_same_work_whoever_it_is(phone, monkeypatch, clock):
    work = Work(monkeypatch)
    emails = [make_user(status=status).email_primary for status in ("ACTIVE", "SUSPENDED", "PENDING")]
    asked, resent = [], []
    for email in (*emails, "nobody@example.com"):
        asked.append(work.of(phone.post, "auth/password/forgot", email=email))
        challenge_id = Challenge.objects.latest("created_at").pk
        phone.drain_outbox()
        clock.travel(timedelta(minutes=1))
        resent.append(work.of(phone.post, "auth/otp/resend", challenge_id=str(challenge_id)))
    for seen in (asked, resent):
        assert (seen[0]["status"], seen[0]["hashes"], seen[0]["messages"]) == (202, 0, 1)
        for other in seen[1:]:
            assert other == seen[0]
