"""What operators see, by right."""

import pytest
from django.contrib.auth.models import Permission

from insure_audit.public import AuditEvent
from insure_payments.services.receive_webhook import receive_webhook
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/admin"


@pytest.fixture
def operator(api):
    """Signs somebody in with the given rights."""

    def operator(*codenames):
        user = factories.make_user()
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        api.force_authenticate(user)
        return api

    return operator


@pytest.fixture
def event(opened):
    receive_webhook(provider="WOMPI", headers={}, body=b'{"secret": "right", "key": "a", "id": "T-1"}')


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("payments/", "view_any_payment"),
        ("payments/{payment}/", "view_any_payment"),
        ("accounts/{user}/", "view_any_account"),
        ("accounts/{user}/entries/", "view_any_account"),
        ("webhook-events/", "view_webhook_event"),
    ],
)
def test_each_page_needs_its_right(operator, event, opened, path, right):
    path = f"{ROOT}/{path.format(payment=opened.pk, user=opened.user_id)}"
    assert operator().get(path).status_code == 403
    assert operator(right).get(path).status_code == 200


def test_looking_at_a_clients_account_or_payment_leaves_a_trace(operator, opened):
    operator("view_any_payment").get(f"{ROOT}/payments/{opened.pk}/")
    operator("view_any_account").get(f"{ROOT}/accounts/{opened.user_id}/")
    seen = AuditEvent.objects.filter(action__endswith="_viewed").values_list("action", "target_id")
    assert set(seen) == {
        ("payments.payment_viewed", str(opened.pk)),
        ("payments.account_viewed", str(opened.user_id)),
    }


def test_operator_sees_the_transactions_of_a_payment(operator, opened):
    answer = operator("view_any_payment").get(f"{ROOT}/payments/{opened.pk}/").json()
    assert answer["user"] == str(opened.user_id)
    assert answer["transactions"][0]["provider_id"] == "T-1"


def test_payments_can_be_filtered_by_user(operator, opened):
    client = operator("view_any_payment")
    assert len(client.get(f"{ROOT}/payments/?user={opened.user_id}").json()["results"]) == 1
    assert client.get(f"{ROOT}/payments/?reference=NONE").json()["results"] == []
    assert client.get(f"{ROOT}/payments/?user=nobody").status_code == 400


@pytest.mark.parametrize("user_id", ["nobody", "0194f3c0-0000-7000-8000-000000000000"])
def test_account_of_nobody_does_not_exist(operator, user_id):
    client = operator("view_any_account")
    assert client.get(f"{ROOT}/accounts/{user_id}/").status_code == 404
    assert client.get(f"{ROOT}/accounts/{user_id}/entries/").status_code == 404


def test_webhook_event_shows_its_payload(operator, event):
    client = operator("view_webhook_event")
    number = client.get(f"{ROOT}/webhook-events/?status=RECEIVED").json()["results"][0]["id"]
    assert client.get(f"{ROOT}/webhook-events/{number}/").json()["payload"]["id"] == "T-1"
