"""What is kept how long."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session as BrowserSession
from django.test import Client

from insure_users.models import Session
from insure_users.public import purge
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import enter_back_office

pytestmark = pytest.mark.django_db


def test_expired_browser_sessions_of_the_back_office_are_deleted():
    live, expired = make_user(role="ADMIN"), make_user(role="ADMIN")
    for user in (live, expired):
        enter_back_office(Client(), user)
    oldest = BrowserSession.objects.order_by("expire_date").first()
    BrowserSession.objects.filter(pk=oldest.pk).update(expire_date=oldest.expire_date - timedelta(days=365))
    purge()
    assert BrowserSession.objects.count() == 1


def test_sessions_are_deleted_so_long_after_their_end_as_the_setting_says(settings, clock):
    settings.INSURE_USERS = settings.INSURE_USERS | {"ENDED_SESSION_DAYS": 10}
    user = make_user()
    enter_back_office(Client(), user)
    clock.travel(timedelta(days=10, hours=7))
    purge()
    assert Session.objects.exists()
    clock.travel(timedelta(hours=2))
    purge()
    assert not Session.objects.exists()
