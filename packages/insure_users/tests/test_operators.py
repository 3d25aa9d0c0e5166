"""What roles may do to other users."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from rest_framework.test import APIClient

from insure_audit.public import AuditEvent
from insure_users.enums import UserStatus
from insure_users.roles import permissions_of
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in

pytestmark = pytest.mark.django_db

REASON = {"reason": "prueba"}


def client_of(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(user)}")
    return client


@pytest.fixture
def admin():
    return make_user(role="ADMIN")


@pytest.fixture
def client():
    return make_user()


@pytest.mark.parametrize(
    ("role", "reads", "acts"),
    [
        ("ADMIN", 200, 200),
        ("SUPERVISOR", 200, 403),
        ("INTERVENTORIA", 200, 403),
        ("CLIENT", 403, 403),
        (None, 401, 401),
    ],
)
def test_roles_open_what_the_table_says(client, role, reads, acts):
    caller = client_of(make_user(role=role)) if role else APIClient()
    path = f"/api/v1/admin/users/{client.pk}/"
    assert [caller.get("/api/v1/admin/users/").status_code, caller.get(path).status_code] == [reads, reads]
    assert caller.post(f"{path}suspend/", REASON).status_code == acts
    assert caller.post(f"{path}reactivate/", REASON).status_code == acts
    assert caller.post(f"{path}role/", REASON | {"role": "SUPERVISOR"}).status_code == acts


def test_interventoria_sees_masked_data_and_cannot_guess_it(client):
    caller = client_of(make_user(role="INTERVENTORIA"))
    seen = caller.get(f"/api/v1/admin/users/{client.pk}/").json()
    assert seen["id_number"] == "*" * 4 + client.id_number[-4:]
    assert seen["email_primary"] == "a***@example.com"
    assert (seen["full_name"], seen["birth_date"]) == ("A*** M*** P***", None)
    for known in (client.email_primary, client.id_number, client.full_name):
        assert caller.get("/api/v1/admin/users/", {"search": known}).json()["results"] == []


def test_lists_filter_search_and_refuse_unknown_filters(admin, client):
    caller = client_of(admin)

    def found(**query):
        return [user["id"] for user in caller.get("/api/v1/admin/users/", query).json()["results"]]

    assert (
        found(role="CLIENT") == found(search=client.id_number) == found(search=client.email_primary) == [str(client.pk)]
    )
    assert found(status="SUSPENDED") == []
    assert caller.get("/api/v1/admin/users/", {"is_staff": "true"}).status_code == 400
    assert AuditEvent.objects.filter(action="users.users_listed", actor=admin).count() == 4


def test_list_costs_the_same_for_many(admin, django_assert_num_queries):
    caller = client_of(admin)
    for users in (1, 10):
        for _ in range(users):
            make_user()
        with django_assert_num_queries(5):
            caller.get("/api/v1/admin/users/")


def test_suspension_holds_on_the_next_request_and_can_be_undone(phone, admin, client):
    pair = phone.signed_in(client.email_primary)
    challenge_id, code = phone.asked_for_code(client.email_primary)
    caller, path = client_of(admin), f"/api/v1/admin/users/{client.pk}/"
    assert caller.post(f"{path}suspend/", {}).status_code == 400
    assert caller.post(f"{path}suspend/", REASON).json()["status"] == "SUSPENDED"
    assert phone.me(pair["access"]).status_code == 401
    assert phone.post("auth/token/refresh", refresh=pair["refresh"]).status_code == 401
    assert phone.post("auth/otp/verify", challenge_id=challenge_id, code=code).json()["code"] == "otp_invalid"
    assert caller.post(f"{path}suspend/", REASON).json()["code"] == "status_not_allowed"
    assert caller.post(f"{path}reactivate/", REASON).json()["status"] == "ACTIVE"
    assert phone.me(pair["access"]).status_code == 401
    event = AuditEvent.objects.get(action="users.user_suspended")
    assert (event.actor, event.target_id, event.metadata) == (admin, str(client.pk), REASON)


def test_change_of_role_ends_sessions_and_old_rights(admin):
    other = make_user(role="ADMIN")
    theirs = client_of(other)
    path = f"/api/v1/admin/users/{other.pk}/role/"
    assert client_of(admin).post(path, REASON | {"role": "CLIENT"}).json()["role"] == "CLIENT"
    assert theirs.get("/api/v1/admin/users/").status_code == 401
    other.refresh_from_db()
    assert client_of(other).get("/api/v1/admin/users/").status_code == 403
    event = AuditEvent.objects.get(action="users.role_changed")
    assert event.metadata == {"reason": "prueba", "before": "ADMIN", "after": "CLIENT"}


def test_nobody_changes_themselves_and_no_unknown_role_is_given(admin, client):
    caller = client_of(admin)
    own = f"/api/v1/admin/users/{admin.pk}/"
    assert caller.post(f"{own}role/", REASON | {"role": "CLIENT"}).json()["code"] == "own_account"
    assert caller.post(f"{own}suspend/", REASON).status_code == 403
    path = f"/api/v1/admin/users/{client.pk}/role/"
    assert caller.post(path, REASON | {"role": "ROOT"}).status_code == 400


def test_waiting_account_is_let_in_only_when_its_document_is_free(admin, client):
    waiting = make_user(status=UserStatus.PENDING, id_number=client.id_number)
    caller = client_of(admin)
    path = f"/api/v1/admin/users/{waiting.pk}/reactivate/"
    assert caller.post(path, REASON).json()["code"] == "document_taken"
    get_user_model().objects.filter(pk=client.pk).update(id_number="77777777")
    assert caller.post(path, REASON).json()["status"] == "ACTIVE"


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_demote_each_other_one_remains():
    for _ in range(5):
        pair = [make_user(role="ADMIN") for _ in range(2)]
        get_user_model().objects.exclude(pk__in=[user.pk for user in pair]).filter(role="ADMIN").update(role="CLIENT")
        callers = [client_of(user) for user in pair]

        def demote(caller, target):
            try:
                return caller.post(f"/api/v1/admin/users/{target.pk}/role/", REASON | {"role": "CLIENT"}).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(demote, callers, reversed(pair)))
        assert statuses.count(200) == 1
        assert get_user_model().objects.filter(role="ADMIN", status="ACTIVE").count() == 1


def test_last_administrator_cannot_be_suspended_by_another_role(settings, admin):
    settings.INSURE_USERS = settings.INSURE_USERS | {
        "ROLE_PERMISSIONS": {"ADMIN": set(), "OPERATOR": {"insure_users.suspend_user"}}
    }
    operator = make_user(role="OPERATOR")
    answer = client_of(operator).post(f"/api/v1/admin/users/{admin.pk}/suspend/", REASON)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")


def test_product_can_have_roles_of_its_own(settings):
    settings.INSURE_USERS = settings.INSURE_USERS | {"ROLE_PERMISSIONS": {"BROKER": {"insure_users.view_any_user"}}}
    assert permissions_of("ADMIN") == set()
    broker = make_user(role="BROKER")
    assert broker.has_perm("insure_users.view_any_user")
    assert broker.has_module_perms("insure_users")
    assert not broker.has_perm("insure_users.change_role")
    assert client_of(broker).get("/api/v1/admin/users/").status_code == 200
