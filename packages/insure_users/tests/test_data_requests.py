"""What people ask about their data: due days by Colombian business days, one extension, closed with a reason."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from insure_audit.public import AuditEvent
from insure_common import clock
from insure_common.exceptions import ValidationError
from insure_users.enums import RequestKind, RequestStatus
from insure_users.errors import NotFound, PermissionDenied, RequestStateNotAllowed
from insure_users.models import DataRequest
from insure_users.public import close_request, export_data, extend_request, list_requests, open_request
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import enter_back_office

pytestmark = pytest.mark.django_db

WHY = {"reason": "correo del 3 de marzo"}
CLAIMS = (RequestKind.CORRECTION, RequestKind.DELETION, RequestKind.REVOCATION)


@pytest.fixture
def admin():
    return make_user(role="ADMIN")


@pytest.fixture
def opened(admin):
    return open_request(actor=admin, user_id=make_user().pk, kind="ACCESS", **WHY)


@pytest.fixture
def on():
    """Make it that day."""

    def on(day):
        clock.travel(timedelta(days=(day - clock.today()).days))

    yield on
    clock.reset()


# received, due for a question, extended, due for a claim, extended
DUE = [
    # Saint Joseph's Monday before, Maundy Thursday and Good Friday between
    ("2026-03-24", "2026-04-09", "2026-04-16", "2026-04-16", "2026-04-28"),
    # Holy Week between
    ("2026-03-20", "2026-04-08", "2026-04-15", "2026-04-15", "2026-04-27"),
    # Christmas, New Year, Epiphany moved to Monday
    ("2026-12-24", "2027-01-12", "2027-01-19", "2027-01-19", "2027-01-29"),
    # received on a Saturday; Ascension, Corpus Christi and Sacred Heart, each moved to Monday
    ("2026-05-16", "2026-06-01", "2026-06-09", "2026-06-09", "2026-06-22"),
    # no holiday at all
    ("2026-02-02", "2026-02-16", "2026-02-23", "2026-02-23", "2026-03-05"),
]


@pytest.mark.parametrize(("received", "question", "question_late", "claim", "claim_late"), DUE)
def test_due_days_are_those_of_the_law(admin, on, received, question, question_late, claim, claim_late):
    received = date.fromisoformat(received)
    on(received)
    terms = {RequestKind.ACCESS: (question, question_late), **dict.fromkeys(CLAIMS, (claim, claim_late))}
    for kind, (due_on, extended_to) in terms.items():
        request = open_request(actor=admin, user_id=make_user().pk, kind=kind, **WHY)
        assert (request.received_on, request.due_on.isoformat()) == (received, due_on)
        assert extend_request(actor=admin, request_id=request.pk, **WHY).due_on.isoformat() == extended_to


def test_day_of_receipt_may_lie_in_the_past_and_not_in_the_future(admin, on):
    on(date(2026, 3, 31))
    ana = make_user()
    request = open_request(actor=admin, user_id=ana.pk, kind="ACCESS", received_on=date(2026, 3, 20), **WHY)
    assert request.due_on == date(2026, 4, 8)
    with pytest.raises(ValidationError, match="received_on"):
        open_request(actor=admin, user_id=ana.pk, kind="ACCESS", received_on=date(2026, 4, 1), **WHY)
    with pytest.raises(ValidationError, match="kind"):
        open_request(actor=admin, user_id=ana.pk, kind="OTHER", **WHY)


def test_term_is_extended_once_and_only_before_it_is_over(admin, opened, on):
    extend_request(actor=admin, request_id=opened.pk, **WHY)
    with pytest.raises(RequestStateNotAllowed):
        extend_request(actor=admin, request_id=opened.pk, **WHY)
    late = open_request(actor=admin, user_id=make_user().pk, kind="DELETION", **WHY)
    on(late.due_on)
    assert not late.is_overdue
    on(late.due_on + timedelta(days=1))
    assert late.is_overdue
    with pytest.raises(RequestStateNotAllowed):
        extend_request(actor=admin, request_id=late.pk, **WHY)
    assert close_request(actor=admin, request_id=late.pk, outcome="DONE", **WHY).is_overdue is False


@pytest.mark.parametrize("outcome", ["DONE", "REFUSED"])
def test_closed_request_stays_closed(admin, opened, outcome):
    closed = close_request(actor=admin, request_id=opened.pk, outcome=outcome, **WHY)
    assert (closed.status, closed.closed_at is not None) == (outcome, True)
    for act in (
        lambda: close_request(actor=admin, request_id=opened.pk, outcome="DONE", **WHY),
        lambda: extend_request(actor=admin, request_id=opened.pk, **WHY),
    ):
        with pytest.raises(RequestStateNotAllowed):
            act()
    assert list_requests(viewer=admin) == []
    assert list_requests(viewer=admin, open_only=False) == [closed]


def test_only_the_two_outcomes_close(admin, opened):
    with pytest.raises(ValidationError, match="outcome"):
        close_request(actor=admin, request_id=opened.pk, outcome=RequestStatus.OPEN, **WHY)


def test_each_step_needs_the_right_and_a_reason_and_is_audited(admin, opened):
    steps = (
        lambda **who: open_request(user_id=opened.user_id, kind="REVOCATION", **who),
        lambda **who: extend_request(request_id=opened.pk, **who),
        lambda **who: close_request(request_id=opened.pk, outcome="DONE", **who),
    )
    for role in ("CLIENT", "SUPERVISOR", "INTERVENTORIA"):
        other = make_user(role=role)
        for step in steps:
            with pytest.raises(PermissionDenied):
                step(actor=other, **WHY)
        with pytest.raises(PermissionDenied):
            list_requests(viewer=other)
    for step in steps:
        with pytest.raises(ValidationError, match="reason"):
            step(actor=admin, reason=" ")
        step(actor=admin, **WHY)
    told = AuditEvent.objects.filter(action__startswith="users.request_").order_by("pk")
    assert [event.action.removeprefix("users.request_") for event in told] == ["opened", "opened", "extended", "closed"]
    assert {event.metadata["reason"] for event in told} == {WHY["reason"]}
    assert {event.metadata["user"] for event in told} == {str(opened.user_id)}


def test_unknown_request_is_not_found(admin):
    with pytest.raises(NotFound):
        close_request(actor=admin, request_id=make_user().pk, outcome="DONE", **WHY)
    with pytest.raises(NotFound):
        extend_request(actor=admin, request_id=DataRequest().pk, **WHY)


def test_what_is_due_first_is_listed_first_and_in_the_back_office(admin, opened, client):
    later = open_request(actor=admin, user_id=opened.user_id, kind="CORRECTION", **WHY)
    assert list_requests(viewer=admin) == [opened, later]
    enter_back_office(client, admin)
    page = client.get(reverse("admin:insure_users_datarequest_changelist"))
    assert page.status_code == 200
    assert str(opened.user_id) in page.content.decode()
    enter_back_office(client, make_user(role="SUPERVISOR"))
    assert client.get(reverse("admin:insure_users_datarequest_changelist")).status_code == 403


def test_requests_are_in_the_export(admin, opened):
    exported = export_data(actor=admin, user_id=opened.user_id, **WHY)
    assert [row["id"] for row in exported["requests"]] == [str(opened.pk)]
