"""The door of the back office: who gets in, who does not, and what throws out."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from insure_audit.public import AuditEvent
from insure_users.enums import UserStatus
from insure_users.models import Challenge, Session
from insure_users.public import change_role, suspend_user
from insure_users.selectors.sessions import live_sessions_of
from insure_users.services.passwords import change_password
from insure_users.services.sessions import end_session_of
from insure_users.testing.factories import PASSWORD, make_user
from insure_users.testing.sign_in import enter_back_office, sign_in

pytestmark = pytest.mark.django_db

INDEX, LOGIN, CODE = "/backoffice/", "/backoffice/login/", "/backoffice/login/code/"


class Browser(Client):
    """A browser that reads its codes from the mailbox, as people do."""

    phone: Any

    def send_password(self, email: str, password: str = PASSWORD, **more: str) -> Any:
        return self.post(LOGIN, {"email": email, "password": password, **more})

    def walk_in(self, user: Any, **more: str) -> Any:
        self.send_password(user.email_primary, **more)
        return self.post(CODE, {"code": self.phone.code(user.email_primary), **more})

    @property
    def is_inside(self) -> bool:
        return self.get(INDEX).status_code == 200


@pytest.fixture
def browser(phone) -> Browser:
    browser = Browser()
    browser.phone = phone
    return browser


@pytest.fixture
def admin():
    return make_user(role="ADMIN")


@pytest.fixture
def inside(browser, admin) -> Browser:
    enter_back_office(browser, admin)
    assert browser.is_inside
    return browser


@pytest.mark.parametrize("role", ["ADMIN", "SUPERVISOR", "INTERVENTORIA"])
def test_password_and_code_open_the_door_to_every_role_with_a_right(browser, role):
    user = make_user(role=role)
    answer = browser.send_password(user.email_primary.upper())
    assert (answer.status_code, answer["Location"]) == (302, CODE)
    assert not browser.is_inside
    page = browser.get(CODE).content.decode()
    assert user.email_primary not in page
    assert 'autocomplete="one-time-code"' in page
    answer = browser.post(CODE, {"code": browser.phone.code(user.email_primary)})
    assert (answer.status_code, answer["Location"]) == (302, INDEX)
    assert user.get_short_name() in browser.get(INDEX).content.decode()
    assert AuditEvent.objects.filter(action="users.signed_in", actor=user).count() == 1


def refusal(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return re.findall(r'role="alert">(.*?)</p>', answer.content.decode())


def test_clients_suspended_and_unknown_people_get_the_answer_to_a_wrong_password(browser, admin):
    suspended = make_user(role="ADMIN", status=UserStatus.SUSPENDED)
    wrong = refusal(browser.send_password(admin.email_primary, "wrong"))
    assert wrong == ["El correo o la contraseña no son correctos."]
    for email in (make_user().email_primary, suspended.email_primary, "nobody@example.com"):
        assert refusal(browser.send_password(email)) == wrong
    assert not Challenge.objects.exists()
    assert not browser.session.keys()


def test_wrong_code_opens_nothing_and_five_end_the_challenge(browser, admin):
    browser.send_password(admin.email_primary)
    code = browser.phone.code(admin.email_primary)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert refusal(browser.post(CODE, {"code": wrong})) == ["El código no es correcto."]
    assert "Hubo demasiados intentos" in refusal(browser.post(CODE, {"code": code}))[0]
    assert not browser.is_inside


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "12345\n", "abcdef"])
def test_what_is_no_code_costs_no_attempt(browser, admin, code):
    browser.send_password(admin.email_primary)
    assert browser.post(CODE, {"code": code}).status_code == 200
    assert Challenge.objects.get().attempts == 0


def test_code_page_without_a_password_leads_to_the_password(browser):
    for send in (browser.get, browser.post):
        assert send(f"{CODE}?next=/backoffice/jsi18n/")["Location"] == f"{LOGIN}?next=%2Fbackoffice%2Fjsi18n%2F"


def test_code_of_somebody_elses_sign_in_opens_nothing(browser, admin):
    browser.send_password(admin.email_primary)
    other = make_user(role="ADMIN")
    _challenge_id, code = browser.phone.asked_for_code(other.email_primary)
    if code != browser.phone.code(admin.email_primary):
        browser.post(CODE, {"code": code})
        assert not browser.is_inside


def test_another_code_can_be_asked_for_after_a_while(browser, admin, clock):
    browser.send_password(admin.email_primary)
    answer = browser.post(CODE, {"resend": "1"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert "30 segundos" in answer.content.decode()
    clock.travel(timedelta(seconds=31))
    assert browser.post(CODE, {"resend": "1"})["Location"] == CODE
    assert "otro código" in browser.get(CODE).content.decode()
    browser.post(CODE, {"code": browser.phone.code(admin.email_primary)})
    assert browser.is_inside


def test_too_many_wrong_passwords_are_a_readable_page(browser, admin):
    answers = [browser.send_password(admin.email_primary, "wrong") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert "intentarlo de nuevo en" in answers[-1].content.decode()
    assert int(answers[-1]["Retry-After"]) > 0
    assert browser.send_password(admin.email_primary).status_code == 429


ENDS = {
    "suspended": lambda actor, user: suspend_user(actor=actor, user_id=user.pk, reason="left"),
    "role": lambda actor, user: change_role(actor=actor, user_id=user.pk, role="SUPERVISOR", reason="moved"),
    "password": lambda actor, user: change_password(
        user=user, session_id=None, current_password=PASSWORD, new_password="otra frase bien larga"
    ),
    "device": lambda actor, user: end_session_of(user, session_id=live_sessions_of(user).get().pk),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_the_sessions_throws_out_on_the_next_request(inside, admin, end):
    ENDS[end](make_user(role="ADMIN"), admin)
    answer = inside.get(INDEX)
    assert (answer.status_code, answer["Location"]) == (302, f"{LOGIN}?next={INDEX}")


def test_signing_out_ends_the_session_for_good(inside, admin):
    stolen = inside.cookies["sessionid"].value
    assert inside.post("/backoffice/logout/").status_code == 200
    assert Session.objects.get().end_reason == "LOGOUT"
    assert AuditEvent.objects.filter(action="users.signed_out", actor=admin).count() == 1
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get(INDEX).status_code == 302


def test_back_office_session_ends_when_idle_and_after_a_working_day(inside, clock):
    for _ in range(16):
        clock.travel(timedelta(minutes=28))
        assert inside.is_inside
    clock.travel(timedelta(minutes=30))
    assert not inside.is_inside
    enter_back_office(inside, make_user(role="ADMIN"))
    for _ in range(17):
        clock.travel(timedelta(minutes=28))
        assert inside.is_inside
    clock.travel(timedelta(minutes=5))
    assert not inside.is_inside


def test_a_page_costs_no_write_within_a_minute(inside, clock):
    before = Session.objects.get().idle_until
    assert inside.is_inside
    clock.travel(timedelta(seconds=50))
    assert inside.is_inside
    assert Session.objects.get().idle_until == before


def test_session_without_one_of_ours_is_not_inside(browser, admin):
    browser.force_login(admin)
    assert not browser.is_inside
    sign_in(admin)
    assert not browser.is_inside


def test_session_key_is_new_after_each_step(browser, admin):
    browser.send_password(admin.email_primary)
    before = browser.cookies["sessionid"].value
    browser.post(CODE, {"code": browser.phone.code(admin.email_primary)})
    after = browser.cookies["sessionid"]
    assert after.value != before
    assert after["httponly"]
    assert after["samesite"] == "Lax"
    assert "insure_users.challenge" not in browser.session


@pytest.mark.parametrize(
    ("target", "arrives"),
    [
        ("/backoffice/jsi18n/", "/backoffice/jsi18n/"),
        ("https://evil.example/", INDEX),
        ("//evil.example/", INDEX),
        ("/\\evil.example", INDEX),
        ("javascript:alert(1)", INDEX),
    ],
)
def test_next_leads_nowhere_else(browser, admin, target, arrives):
    assert browser.walk_in(admin, next=target)["Location"] == arrives
    assert browser.get(LOGIN, {"next": target})["Location"] == arrives


def test_forms_need_their_csrf_token(admin):
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(LOGIN, {"email": admin.email_primary, "password": PASSWORD}).status_code == 403
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(LOGIN).content.decode())[0]
    fields = {"email": admin.email_primary, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.post(LOGIN, fields)["Location"] == CODE
    for fields in ({"code": "123456"}, {"resend": "1"}):
        assert browser.post(CODE, fields).status_code == 403
    assert Challenge.objects.get().attempts == 0
    enter_back_office(browser, admin)
    for path in ("logout", "password_change"):
        assert browser.post(f"/backoffice/{path}/").status_code == 403


def test_password_is_changed_by_the_rules_and_keeps_only_this_browser(inside, admin):
    sign_in(admin)
    path = "/backoffice/password_change/"
    weak = inside.post(path, {"current_password": PASSWORD, "new_password": "12345678"})
    wrong = inside.post(path, {"current_password": "wrong", "new_password": "otra frase bien larga"})
    assert 'id="id_new_password_error"' in weak.content.decode()
    assert 'id="id_current_password_error"' in wrong.content.decode()
    answer = inside.post(path, {"current_password": PASSWORD, "new_password": "otra frase bien larga"})
    assert answer["Location"] == INDEX
    assert inside.is_inside
    assert live_sessions_of(admin).count() == 1
    assert AuditEvent.objects.filter(action="users.password_changed", actor=admin).count() == 1


@pytest.mark.parametrize(("language", "text"), [("es", "Contraseña"), ("en", "Password")])
def test_door_speaks_the_language_of_the_browser(browser, language, text):
    page = browser.get(LOGIN, headers={"Accept-Language": language}).content.decode()
    assert text in page
    assert f'<html lang="{language}"' in page


def test_pages_have_nothing_inline(inside):
    for path in (LOGIN, INDEX, "/backoffice/password_change/"):
        page = (Client() if path == LOGIN else inside).get(path).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|javascript:", page)
