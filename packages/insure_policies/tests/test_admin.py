import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied

from insure_audit.public import AuditEvent
from insure_policies.admin import PolicyAdmin
from insure_policies.models import Policy
from insure_policies.testing.factories import make_policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_by(rf):
    def request_by(member):
        request = rf.get("/backoffice/")
        member.is_staff = True
        request.user = member
        return request

    return request_by


@pytest.fixture
def pages():
    return PolicyAdmin(Policy, admin.site)


def test_staff_reading_a_policy_in_the_back_office_is_audited(pages, request_by, make_member):
    staff = make_member("staff")
    staff.user_permissions.add(Permission.objects.get(codename="view_any_policy"))
    policy = make_policy()
    assert pages.change_view(request_by(staff), str(policy.pk)).status_code == 200
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id, event.target_id) == ("policies.policy_viewed", staff.pk, str(policy.pk))


def test_back_office_shows_policies_to_the_entitled_only(pages, request_by, ana):
    with pytest.raises(PermissionDenied):
        pages.change_view(request_by(ana), str(make_policy().pk))
    assert not AuditEvent.objects.exists()


def test_nothing_can_be_changed_in_the_back_office(pages, request_by, ana):
    request = request_by(ana)
    assert not pages.has_add_permission(request)
    assert not pages.has_change_permission(request)
    assert not pages.has_delete_permission(request)
