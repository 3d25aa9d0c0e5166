"""Who may call what: every route and method of the composed API, in one table."""

import re
from uuid import uuid4

import pytest
from calls import ACCESS, ANYONE, calls

from insure_users.enums import Role, UserStatus
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in

pytestmark = pytest.mark.django_db


def test_every_call_stands_in_the_table():
    assert calls() == set(ACCESS)


@pytest.fixture
def call(client):
    def send(name: str, token: str | None) -> int:
        method, route = name.split(" ")
        path = "/api/v1/" + re.sub(r"<\w+:\w+>", lambda _: str(uuid4()), route)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return client.generic(method, path, b"{}", "application/json", headers=headers).status_code

    return send


@pytest.mark.parametrize("role", [*Role, "anonymous", "suspended"])
def test_each_role_passes_where_the_table_says_so_and_nowhere_else(call, role):
    token = None
    if role != "anonymous":
        user = make_user(role=Role.ADMIN if role == "suspended" else role)
        token = sign_in(user)
        if role == "suspended":
            type(user).objects.filter(pk=user.pk).update(status=UserStatus.SUSPENDED)
    wrong = {}
    for name, allowed in ACCESS.items():
        status = call(name, token)
        if allowed == ANYONE:
            is_right = status != 403
        elif role in ("anonymous", "suspended"):
            is_right = status == 401
        else:
            is_right = (status not in (401, 403)) if role in allowed else status == 403
        if not is_right or status == 500:
            wrong[name] = status
    assert wrong == {}
