"""Real parallel calls: each thread has its own connection."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import F
from django.db.transaction import atomic
from rest_framework.test import APIClient

from insure_common.exceptions import TooManyRequests
from insure_common.outbox import RetryLater
from insure_users.limits import DAY, Limit, take
from insure_users.models import Challenge, Session
from insure_users.models import Counter as UseCounter
from insure_users.services.send_code import send_code
from insure_users.testing.factories import PASSWORD, make_user
from insure_users.testing.sign_in import code_in

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 10


def in_parallel(path, bodies):
    def call(body):
        try:
            return APIClient().post(f"/api/v1/{path}/", body)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(call, bodies))


def outcomes(answers):
    return Counter(answer.json().get("code", answer.status_code) for answer in answers)


def test_of_a_hundred_parallel_wrong_codes_five_are_evaluated(phone):
    user = make_user()
    challenge_id, code = phone.asked_for_code(user.email_primary)
    wrong = {"challenge_id": challenge_id, "code": f"{(int(code) + 1) % 1_000_000:06}"}
    assert outcomes(in_parallel("auth/otp/verify", [wrong] * 100)) == {"otp_invalid": 5, "otp_exhausted": 95}
    assert Challenge.objects.get().attempts == 5
    assert outcomes(in_parallel("auth/otp/verify", [wrong | {"code": code}])) == {"otp_exhausted": 1}


def test_of_fifty_parallel_right_codes_one_succeeds(phone):
    user = make_user()
    challenge_id, code = phone.asked_for_code(user.email_primary)
    result = outcomes(in_parallel("auth/otp/verify", [{"challenge_id": challenge_id, "code": code}] * 50))
    assert result[200] == 1
    assert set(result) <= {200, "otp_invalid", "otp_exhausted"}
    assert Session.objects.count() == 1


def test_parallel_refreshes_of_one_token_have_one_successor(phone, clock):
    token = phone.signed_in(make_user().email_primary)["refresh"]
    for _ in range(20):
        pairs = {tuple(a.json().items()) for a in in_parallel("auth/token/refresh", [{"refresh": token}] * 8)}
        assert len(pairs) == 1
        token = dict(pairs.pop())["refresh"]
        clock.travel(timedelta(minutes=1))


def test_parallel_registrations_of_one_address_make_one_user(phone, registration, settings):
    settings.INSURE_USERS = settings.INSURE_USERS | {"MAILS_PER_MINUTE": 100}
    answers = in_parallel("auth/register", [registration] * 20)
    assert outcomes(answers) == {202: 20}
    code = phone.code("ana@example.com")
    bodies = [{"challenge_id": answer.json()["challenge_id"], "code": code} for answer in answers]
    assert outcomes(in_parallel("auth/otp/verify", bodies))[200] == 1
    assert get_user_model().objects.count() == 1


def test_parallel_wrong_passwords_are_all_counted_before_they_are_checked():
    user = make_user()
    result = outcomes(in_parallel("auth/login", [{"email": user.email_primary, "password": "wrong"}] * 40))
    assert result == {"invalid_credentials": 5, "too_many_requests": 35}
    # What the account's limit refused is not held against the address, and the other way round.
    assert set(UseCounter.objects.values_list("count", flat=True)) == {5}


def test_use_that_is_blocked_while_it_waits_counts_nowhere():
    blocked, free = (Limit(name, ("ana@example.com",), 5, DAY) for name in ("a", "b"))
    take(blocked, free)

    def take_late():
        try:
            take(blocked, free)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with atomic(), connection.cursor() as cursor:
            rows = UseCounter.objects.filter(key=blocked.key)
            rows.update(blocked_until=F("window_ends_at"))
            late = pool.submit(take_late)
            waiting = (0,)
            while waiting == (0,) and not late.done():
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                waiting = cursor.fetchone()
        with pytest.raises(TooManyRequests):
            late.result()
    assert dict(UseCounter.objects.values_list("key", "count")) == {blocked.key: 1, free.key: 1}


def test_parallel_runs_of_the_task_send_one_mail_whose_code_works(phone):
    user = make_user()
    answer = phone.post("auth/login", email=user.email_primary, password=PASSWORD)
    challenge_id = answer.json()["challenge_id"]

    def run(_):
        try:
            with suppress(RetryLater):
                send_code(challenge_id=challenge_id, send=1)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    (message,) = phone.mailbox.messages(to=user.email_primary)
    answer = phone.post("auth/otp/verify", challenge_id=challenge_id, code=code_in(message))
    assert answer.status_code == 200
