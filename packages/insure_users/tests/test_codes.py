"""E-mail codes: right, wrong, expired, exhausted, late, twice."""

import smtplib
from datetime import timedelta

import pytest

from insure_audit.public import AuditEvent
from insure_common.models import OutboxMessage
from insure_users.models import Challenge, Session
from insure_users.services import send_code as sending
from insure_users.services.send_code import send_code
from insure_users.testing.factories import PASSWORD, make_user
from insure_users.testing.sign_in import code_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_user()


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def verify(phone, challenge_id, code):
    answer = phone.post("auth/otp/verify", challenge_id=str(challenge_id), code=code)
    return answer.json().get("code", answer.status_code)


def test_right_code_signs_in_once(phone, user):
    challenge_id, code = phone.asked_for_code(user.email_primary)
    assert verify(phone, challenge_id, code) == 200
    assert verify(phone, challenge_id, code) == "otp_invalid"
    assert Session.objects.count() == 1


def test_code_expires_five_minutes_after_it_was_made(phone, user, clock):
    challenge_id, code = phone.asked_for_code(user.email_primary)
    clock.travel(timedelta(minutes=5))
    assert verify(phone, challenge_id, code) == "otp_expired"
    assert not Session.objects.exists()


def test_life_of_a_code_begins_when_the_worker_makes_it(phone, user, clock):
    challenge_id = phone.post("auth/login", email=user.email_primary, password=PASSWORD).json()["challenge_id"]
    clock.travel(timedelta(minutes=4))
    code = phone.code(user.email_primary)
    clock.travel(timedelta(minutes=4))
    assert verify(phone, challenge_id, code) == 200


def test_five_wrong_codes_exhaust_the_challenge_for_the_right_one_too(phone, user):
    challenge_id, code = phone.asked_for_code(user.email_primary)
    answers = [verify(phone, challenge_id, wrong(code)) for _ in range(6)]
    assert answers == ["otp_invalid"] * 5 + ["otp_exhausted"]
    assert verify(phone, challenge_id, code) == "otp_exhausted"
    assert AuditEvent.objects.filter(action="users.code_refused").count() == 5


def test_resend_makes_another_code_and_refills_no_attempts(phone, user, clock):
    challenge_id, first = phone.asked_for_code(user.email_primary)
    assert [verify(phone, challenge_id, wrong(first)) for _ in range(4)] == ["otp_invalid"] * 4
    clock.travel(timedelta(seconds=30))
    assert phone.post("auth/otp/resend", challenge_id=challenge_id).status_code == 202
    second = phone.code(user.email_primary)
    assert verify(phone, challenge_id, wrong(second)) == "otp_invalid"
    assert verify(phone, challenge_id, second) == "otp_exhausted"


def test_code_of_a_resend_replaces_the_earlier_one(phone, user, clock):
    challenge_id, first = phone.asked_for_code(user.email_primary)
    clock.travel(timedelta(seconds=30))
    phone.post("auth/otp/resend", challenge_id=challenge_id)
    second = phone.code(user.email_primary)
    assert verify(phone, challenge_id, first) == ("otp_invalid" if first != second else 200)
    assert verify(phone, challenge_id, second) == 200


def test_resend_revives_no_code_that_has_expired(phone, user, clock):
    challenge_id, first = phone.asked_for_code(user.email_primary)
    clock.travel(timedelta(minutes=6))
    assert phone.post("auth/otp/resend", challenge_id=challenge_id).status_code == 202
    assert verify(phone, challenge_id, first) == "otp_invalid"
    assert verify(phone, challenge_id, phone.code(user.email_primary)) == 200


def test_code_ends_with_the_password_that_was_given_for_it(phone, user):
    challenge_id, code = phone.asked_for_code(user.email_primary)
    user.set_password("otra frase larga y propia")
    user.save()
    assert verify(phone, challenge_id, code) == "otp_invalid"


def test_sends_of_one_challenge_are_counted(phone, user, clock):
    challenge_id, _ = phone.asked_for_code(user.email_primary)
    codes = []
    for _ in range(5):
        clock.travel(timedelta(minutes=1))
        codes.append(phone.post("auth/otp/resend", challenge_id=challenge_id).status_code)
    assert codes == [202, 202, 202, 202, 400]
    clock.travel(timedelta(hours=1))
    assert phone.post("auth/otp/resend", challenge_id=challenge_id).json()["code"] == "otp_expired"


def test_resend_before_its_time_waits(phone, user):
    challenge_id, _ = phone.asked_for_code(user.email_primary)
    answer = phone.post("auth/otp/resend", challenge_id=challenge_id)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 30


def test_challenge_without_a_code_yet_spends_no_attempt(phone, user):
    challenge_id = phone.post("auth/login", email=user.email_primary, password=PASSWORD).json()["challenge_id"]
    assert [verify(phone, challenge_id, "123456") for _ in range(6)] == ["otp_invalid"] * 6
    assert verify(phone, challenge_id, phone.code(user.email_primary)) == 200


def test_later_challenge_ends_the_earlier_one(phone, user):
    first, code = phone.asked_for_code(user.email_primary)
    phone.asked_for_code(user.email_primary)
    assert verify(phone, first, code) == "otp_invalid"


def test_code_of_one_challenge_opens_no_other(phone, user):
    other = make_user()
    mine, my_code = phone.asked_for_code(user.email_primary)
    theirs, their_code = phone.asked_for_code(other.email_primary)
    assert verify(phone, theirs, my_code) == ("otp_invalid" if my_code != their_code else 200)
    assert verify(phone, mine, my_code) == 200


@pytest.mark.parametrize("code", ["12345", "1234567", "١٢٣٤٥٦", "12345\n", "abcdef", 123456, None])
def test_what_is_no_code_is_refused_without_spending_an_attempt(phone, user, code):
    challenge_id, _ = phone.asked_for_code(user.email_primary)
    assert verify(phone, challenge_id, code) == "invalid"
    assert Challenge.objects.get().attempts == 0


def test_unknown_challenge_is_a_wrong_code(phone):
    assert verify(phone, "0198c6a0-0000-7000-8000-000000000000", "123456") == "otp_invalid"
    assert phone.post("auth/otp/resend", challenge_id="0198c6a0-0000-7000-8000-000000000000").status_code == 400


def test_second_run_of_the_task_makes_no_second_code(phone, user):
    challenge_id, code = phone.asked_for_code(user.email_primary)
    send_code(challenge_id=challenge_id, send=1)
    assert len(phone.mailbox.messages()) == 1
    assert verify(phone, challenge_id, code) == 200


def test_refusing_mail_server_leads_to_another_code_later(phone, user, monkeypatch):
    challenge_id = phone.post("auth/login", email=user.email_primary, password=PASSWORD).json()["challenge_id"]
    with monkeypatch.context() as patch:
        patch.setattr(sending, "send_mail", lambda **_: (_ for _ in ()).throw(smtplib.SMTPServerDisconnected))
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send_code(challenge_id=challenge_id, send=1)
    assert verify(phone, challenge_id, "123456") == "otp_invalid"
    assert verify(phone, challenge_id, phone.code(user.email_primary)) == 200


def test_neither_row_nor_message_nor_log_holds_the_code(phone, user, caplog):
    caplog.set_level("DEBUG")
    _challenge_id, code = phone.asked_for_code(user.email_primary)
    challenge = Challenge.objects.get()
    kept = [str(value) for value in (*vars(challenge).values(), *OutboxMessage.objects.values_list("payload"))]
    own = [record.getMessage() for record in caplog.records if not record.name.startswith(("mail", "aiosmtpd"))]
    assert not [text for text in kept + own if f"'{code}'" in text or text == code]
    assert challenge.code_hash.startswith("argon2$argon2id$")


def test_equal_codes_have_different_hashes(phone):
    from insure_users.services.challenges import hash_code

    challenge = Challenge()
    assert hash_code(challenge, "123456") != hash_code(challenge, "123456")


@pytest.mark.parametrize(("language", "word"), [("es", "código"), ("en", "code")])
def test_mail_speaks_the_language_of_the_request(phone, user, language, word):
    phone.api.post(
        "/api/v1/auth/login/",
        {"email": user.email_primary, "password": PASSWORD},
        HTTP_ACCEPT_LANGUAGE=language,
    )
    code = phone.code(user.email_primary)
    (message,) = phone.mailbox.messages()
    assert word in message["subject"]
    assert word in message["text"]
    assert code in message["html"]
    assert code_in(message) == code


def test_worker_that_dies_before_the_mail_costs_no_code(phone, user, monkeypatch, drain_outbox):
    class Killed(BaseException):
        pass

    def die(*_args):
        raise Killed

    answer = phone.post("auth/login", email=user.email_primary, password=PASSWORD)
    challenge_id = answer.json()["challenge_id"]
    with monkeypatch.context() as patch:
        patch.setattr(sending, "_mail", die)
        with pytest.raises(Killed):
            send_code(challenge_id=challenge_id, send=1)
    drain_outbox()
    (message,) = phone.mailbox.messages(to=user.email_primary)
    assert verify(phone, challenge_id, code_in(message)) == 200


def test_wrong_codes_of_others_do_not_spend_the_owners_budget(phone, user, settings, clock):
    settings.INSURE_USERS = {**settings.INSURE_USERS, "WRONG_CODES_PER_DAY": 2}
    for number in range(4):
        challenge_id, code = phone.asked_for_code(user.email_primary)
        for _ in range(2):
            attack = {"challenge_id": challenge_id, "code": wrong(code)}
            assert phone.post("auth/otp/verify", address=f"10.1.1.{number}", **attack).status_code == 400
        clock.travel(timedelta(minutes=2))
    challenge_id, code = phone.asked_for_code(user.email_primary)
    assert verify(phone, challenge_id, code) == 200
