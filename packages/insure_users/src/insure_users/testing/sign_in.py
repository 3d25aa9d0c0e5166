"""Sign users in without a mail, for tests of other packages."""

import re
from typing import Any

from django.db.transaction import atomic
from django.test import Client

from insure_users.backoffice import SESSION
from insure_users.models import User
from insure_users.services.sessions import start_back_office_session, start_session
from insure_users.tokens import pair_of


def sign_in(user: User) -> str:
    """An access token: `api.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(user)}")`."""
    with atomic():
        return pair_of(start_session(user=user, device_name="test")).access


def enter_back_office(client: Client, user: User) -> None:
    """What a browser has after the password and the code."""
    with atomic():
        session = start_back_office_session(user=user, device_name="test")
    client.force_login(user, backend="insure_users.backends.RoleBackend")
    kept = client.session
    kept[SESSION] = str(session.pk)
    kept.save()


def code_in(message: dict[str, Any]) -> str:
    """The code in a mail of `insure_common.testing.mailbox`: the only six digits in a row of its plain text."""
    (code,) = re.findall(r"(?<!\d)\d{6}(?!\d)", message["text"])
    return str(code)
