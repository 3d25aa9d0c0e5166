"""Every mail renders in both languages, and nothing but a code looks like one."""

import re

import pytest
from django.utils import translation

from insure_users.enums import Purpose
from insure_users.models import Challenge
from insure_users.services.challenges import open_challenge
from insure_users.services.notices import Notice, notify_user
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import code_in

pytestmark = pytest.mark.django_db

SIX_DIGITS = re.compile(r"\d{6}")


def mail_to(phone, user):
    phone.drain_outbox()
    (message,) = phone.mailbox.messages(to=user.email_primary)
    return message


@pytest.mark.parametrize("notice", list(Notice))
def test_notices_speak_both_languages(phone, notice):
    seen = set()
    for language in ("es", "en"):
        user = make_user()
        with translation.override(language):
            notify_user(user, notice)
        message = mail_to(phone, user)
        assert message["subject"] in message["html"]
        assert not SIX_DIGITS.search(message["text"])
        seen |= {message["subject"], message["text"]}
    assert len(seen) == 4


@pytest.mark.parametrize("purpose", list(Purpose))
def test_codes_say_what_they_are_for_in_both_languages(phone, purpose):
    seen = set()
    for language in ("es", "en"):
        user = make_user()
        with translation.override(language):
            open_challenge(purpose=purpose, destination=user.email_primary, user=user)
        message = mail_to(phone, user)
        code = code_in(message)
        assert SIX_DIGITS.findall(message["text"]) == [code]
        assert code in message["html"]
        assert code not in message["subject"]
        seen |= {message["subject"], message["text"].replace(code, "")}
    assert len(seen) == 4


def test_mail_about_a_known_address_holds_nothing_of_the_request(phone, registration):
    user = make_user(email_primary="ana@example.com")
    name = "Gane dinero en ejemplo.com"
    phone.post("auth/register", **registration | {"full_name": name})
    assert Challenge.objects.get().is_decoy
    message = mail_to(phone, user)
    assert not SIX_DIGITS.search(message["text"])
    assert name not in message["text"] + message["html"] + message["subject"]


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_HOST", "HTTP_ORIGIN", "HTTP_REFERER", "HTTP_FORWARDED"])
def test_no_header_gets_a_host_into_a_mail(phone, header):
    user = make_user()
    body = {"email": user.email_primary}
    value = "host=stolen.example" if header == "HTTP_FORWARDED" else "https://stolen.example"
    assert phone.api.post("/api/v1/auth/password/forgot/", body, **{header: value}).status_code == 202
    assert "stolen.example" not in str(mail_to(phone, user))
