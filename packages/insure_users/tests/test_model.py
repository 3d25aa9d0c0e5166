"""Random use of one account, compared step by step with a model of what must happen."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from insure_users.public import reactivate_user, suspend_user
from insure_users.testing.factories import make_user, person

PASSWORDS = ["correcto caballo batería", "otra frase larga y propia", "tercera frase que nadie usa"]
# A second passes with each resend only, and nothing but a resend waits for one.
FREE = {
    "RESEND_SECONDS": 1,
    "CODE_SECONDS": 600,
    "REFRESH_GRACE_SECONDS": 10**6,
    "MAILS_PER_MINUTE": 10**6,
    "MAILS_PER_HOUR": 10**6,
    "MAILS_PER_ADDRESS_PER_HOUR": 10**6,
    "FAILED_LOGINS_PER_ACCOUNT": 10**6,
    "FAILED_LOGINS_PER_ADDRESS": 10**6,
    "WRONG_CODES_PER_DAY": 10**6,
}


@dataclass
class Asked:
    """A challenge as the model sees it."""

    id: str
    code: str
    purpose: str
    email: str
    is_open: bool = True
    attempts: int = 0
    password: str = ""
    sends: int = 1
    replaced: list[str] = field(default_factory=list)


@dataclass
class Device:
    """A session as the model sees it: every pair that it ever had, the newest last."""

    pairs: list = field(default_factory=list)
    is_live: bool = True


class Account(RuleBasedStateMachine):
    phone = None
    clock = None

    def __init__(self):
        super().__init__()
        self.person = person() | {"birth_date": "1990-05-17", "accepts_terms": True, "terms_version": "2026-11"}
        self.admin = make_user(role="ADMIN")
        self.email, self.other_email = self.person["email_primary"], person()["email_primary"]
        self.password, self.user_id, self.is_active = "", None, False
        self.asked, self.devices = [], []

    # --- helpers

    def ask(self, path, purpose, to, token="", **body):
        answer = self.post(path, token, **body)
        assert answer.status_code == 202, answer.json()
        self.phone.mailbox.clear()
        for earlier in self.asked:
            earlier.is_open &= (earlier.purpose, earlier.email) != (purpose, to)
        asked = Asked(answer.json()["challenge_id"], self.phone.code(to), purpose, to)
        self.asked.append(asked)
        return asked

    def post(self, path, token="", **body):
        headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
        return self.phone.api.post(f"/api/v1/{path}/", body, **headers)

    def answered(self, asked, purposes):
        """Whether the right code must be accepted; counts the attempt as the server does."""
        if asked.purpose not in purposes or not asked.is_open or asked.attempts >= 5:
            return False
        asked.attempts += 1
        return True

    def end_devices(self, but=None):
        for device in self.devices:
            device.is_live &= device is but

    def close_codes(self):
        for asked in self.asked:
            asked.is_open = False

    def some(self, things, data):
        return data.draw(st.sampled_from(things[-4:]))

    def live_device(self):
        return next((device for device in self.devices if device.is_live), None)

    # --- rules

    @initialize(password=st.sampled_from(PASSWORDS), is_registered=st.sampled_from([True, True, True, False]))
    def begin(self, password, is_registered):
        if is_registered:
            self.register(password)
            self.give_code(self.asked[-1])

    @precondition(lambda self: self.user_id is None)
    @rule(password=st.sampled_from(PASSWORDS))
    def register(self, password):
        asked = self.ask("auth/register", "REGISTER", self.email, **self.person, password=password)
        asked.password = password

    @precondition(lambda self: self.user_id)
    @rule(password=st.sampled_from(PASSWORDS))
    def log_in(self, password):
        if self.is_active and password == self.password:
            self.ask("auth/login", "LOGIN", self.email, email=self.email, password=password)
        else:
            assert self.post("auth/login", email=self.email, password=password).status_code == 401

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def verify(self, data):
        self.give_code(self.some(self.asked, data))

    def give_code(self, asked):
        is_right = self.answered(asked, ("REGISTER", "LOGIN"))
        answer = self.post("auth/otp/verify", challenge_id=asked.id, code=asked.code)
        assert (answer.status_code == 200) == is_right, answer.json()
        if not is_right:
            return
        asked.is_open = False
        self.devices.append(Device([answer.json()]))
        if asked.purpose == "REGISTER":
            self.user_id, self.is_active, self.password = answer.json()["user"]["id"], True, asked.password

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def verify_wrongly(self, data):
        asked = self.some(self.asked, data)
        wrong = data.draw(st.sampled_from([f"{(int(asked.code) + 1) % 1_000_000:06}", *asked.replaced]))
        is_exhausted = asked.is_open and asked.attempts >= 5 and asked.purpose in ("REGISTER", "LOGIN")
        self.answered(asked, ("REGISTER", "LOGIN"))
        answer = self.post("auth/otp/verify", challenge_id=asked.id, code=wrong)
        assert answer.json()["code"] == ("otp_exhausted" if is_exhausted else "otp_invalid")

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def resend(self, data):
        asked = self.some(self.asked, data)
        self.clock.travel(timedelta(seconds=1))
        self.phone.mailbox.clear()
        answer = self.post("auth/otp/resend", challenge_id=asked.id)
        if not asked.is_open:
            assert answer.json()["code"] == "otp_invalid"
        elif asked.attempts >= 5 or asked.sends >= 5:
            assert answer.json()["code"] == "otp_exhausted"
        else:
            assert answer.status_code == 202, answer.json()
            asked.sends += 1
            asked.replaced.append(asked.code)
            asked.code = self.phone.code(asked.email)

    @precondition(lambda self: self.devices)
    @rule(data=st.data())
    def refresh(self, data):
        device = self.some(self.devices, data)
        pair = self.some(device.pairs, data)
        answer = self.post("auth/token/refresh", refresh=pair["refresh"])
        age = device.pairs[::-1].index(pair)
        if not device.is_live:
            assert answer.json()["code"] == "token_invalid"
        elif age == 0:
            device.pairs.append(answer.json())
        elif age == 1:
            assert answer.json()["refresh"] == device.pairs[-1]["refresh"]
        else:
            assert answer.json()["code"] == "token_reused"
            device.is_live = False

    @precondition(lambda self: self.devices)
    @rule(data=st.data())
    def look_at_oneself(self, data):
        device = self.some(self.devices, data)
        answer = self.phone.me(self.some(device.pairs, data)["access"])
        assert answer.status_code == (200 if device.is_live else 401)
        if device.is_live:
            assert answer.json()["email_primary"] == self.email

    @precondition(lambda self: self.devices)
    @rule(data=st.data())
    def log_out(self, data):
        device = self.some(self.devices, data)
        answer = self.post("auth/logout", refresh=self.some(device.pairs, data)["refresh"])
        assert answer.status_code == 204
        device.is_live = False

    @precondition(lambda self: self.is_active)
    @rule()
    def forget_password(self):
        self.ask("auth/password/forgot", "PASSWORD_RESET", self.email, email=self.email)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), password=st.sampled_from(PASSWORDS))
    def reset_password(self, data, password):
        asked = self.some(self.asked, data)
        is_right = self.answered(asked, ("PASSWORD_RESET",))
        answer = self.post("auth/password/reset", challenge_id=asked.id, code=asked.code, new_password=password)
        assert (answer.status_code == 204) == is_right, answer.data
        if is_right:
            self.password = password
            self.end_devices()
            self.close_codes()

    @precondition(lambda self: self.live_device())
    @rule(password=st.sampled_from(PASSWORDS), new=st.sampled_from(PASSWORDS))
    def change_password(self, password, new):
        device = self.live_device()
        token = device.pairs[-1]["access"]
        answer = self.post("auth/password/change", token, current_password=password, new_password=new)
        assert (answer.status_code == 204) == (password == self.password), answer.data
        if password == self.password:
            self.password = new
            self.end_devices(but=device)
            self.close_codes()

    @precondition(lambda self: self.live_device())
    @rule()
    def ask_for_another_email(self):
        token = self.live_device().pairs[-1]["access"]
        body = {"email": self.other_email, "password": self.password}
        self.ask("users/me/email", "EMAIL_CHANGE", self.other_email, token, **body)

    @precondition(lambda self: self.live_device() and self.asked)
    @rule(data=st.data())
    def confirm_email(self, data):
        asked, device = self.some(self.asked, data), self.live_device()
        is_right = self.answered(asked, ("EMAIL_CHANGE",))
        token = device.pairs[-1]["access"]
        answer = self.post("users/me/email/confirm", token, challenge_id=asked.id, code=asked.code)
        assert (answer.status_code == 200) == is_right, answer.json()
        if is_right:
            self.email, self.other_email = self.other_email, self.email
            self.end_devices(but=device)
            self.close_codes()

    @precondition(lambda self: self.is_active)
    @rule()
    def suspend(self):
        suspend_user(actor=self.admin, user_id=self.user_id, reason="prueba")
        self.is_active = False
        self.end_devices()
        self.close_codes()

    @precondition(lambda self: self.user_id and not self.is_active)
    @rule()
    def reactivate(self):
        reactivate_user(actor=self.admin, user_id=self.user_id, reason="prueba")
        self.is_active = True


@pytest.mark.django_db
def test_random_use_of_an_account_agrees_with_the_model(phone, clock, settings_of_project):
    Account.phone, Account.clock = phone, clock
    run_state_machine_as_test(
        Account,
        settings=settings(
            max_examples=10,
            stateful_step_count=100,
            # A failure is readable as it is; looking for a shorter one would take minutes.
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def settings_of_project(request):
    project = request.getfixturevalue("settings")
    project.INSURE_USERS = project.INSURE_USERS | FREE
