"""Requests about personal data: opened, extended once, closed; each by an operator, with a reason."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from insure_audit.public import record
from insure_common import clock
from insure_common.calendar import add_business_days
from insure_common.exceptions import ValidationError
from insure_users import actions
from insure_users.enums import EXTENSION_DAYS, TERM_DAYS, RequestKind, RequestStatus
from insure_users.errors import NotFound, PermissionDenied, RequestStateNotAllowed
from insure_users.models import DataRequest, User
from insure_users.services.operator_rights import locked_target

HANDLE_REQUEST = "insure_users.handle_request"


def open_request(*, actor: User, user_id: UUID, kind: str, reason: str, received_on: date | None = None) -> DataRequest:
    """Note what a person asked for on `received_on` (default today, Bogota); the term starts on the next business day.

    Raises ValidationError without a reason, for an unknown kind or a day to come; PermissionDenied, NotFound.
    """
    received_on = received_on or clock.today()
    if kind not in RequestKind.values:
        raise ValidationError({"kind": [_("There is no such kind of request.")]})
    if received_on > clock.today():
        raise ValidationError({"received_on": [_("This day is still to come.")]})
    with atomic():
        user = locked_target(actor=actor, user_id=user_id, permission=HANDLE_REQUEST, reason=reason, may_be_own=True)
        request = DataRequest.objects.create(
            user_id=user.pk,
            kind=kind,
            received_on=received_on,
            due_on=add_business_days(received_on, TERM_DAYS[RequestKind(kind)]),
        )
        _record(actions.REQUEST_OPENED, actor, request, reason)
        return request


def extend_request(*, actor: User, request_id: UUID, reason: str) -> DataRequest:
    """Put the due day off by the law's one extension; only before the first term is over.

    Raises ValidationError without a reason, PermissionDenied, NotFound; RequestStateNotAllowed if it is closed, was
    extended before, or is overdue.
    """
    with atomic():
        request = _open_request(actor, request_id, reason)
        if request.extended_at is not None or request.is_overdue:
            raise RequestStateNotAllowed
        request.extended_at = clock.now()
        request.due_on = add_business_days(request.due_on, EXTENSION_DAYS[RequestKind(request.kind)])
        request.save(update_fields=["extended_at", "due_on"])
        _record(actions.REQUEST_EXTENDED, actor, request, reason)
        return request


def close_request(*, actor: User, request_id: UUID, outcome: str, reason: str) -> DataRequest:
    """Note that the person has the answer: `outcome` is DONE or REFUSED.

    Raises ValidationError without a reason or with another outcome, PermissionDenied, NotFound; RequestStateNotAllowed
    if it is closed.
    """
    if outcome not in (RequestStatus.DONE, RequestStatus.REFUSED):
        raise ValidationError({"outcome": [_("There is no such outcome.")]})
    with atomic():
        request = _open_request(actor, request_id, reason)
        request.status, request.closed_at = outcome, clock.now()
        request.save(update_fields=["status", "closed_at"])
        _record(actions.REQUEST_CLOSED, actor, request, reason)
        return request


def list_requests(*, viewer: User, open_only: bool = True) -> list[DataRequest]:
    """The requests, what is due first in front. Raises PermissionDenied."""
    if not viewer.has_perm(HANDLE_REQUEST):
        raise PermissionDenied
    found = DataRequest.objects.order_by("due_on", "pk")
    return list(found.filter(status=RequestStatus.OPEN) if open_only else found)


def _open_request(actor: User, request_id: UUID, reason: str) -> DataRequest:
    user_id = DataRequest.objects.filter(pk=request_id).values_list("user_id", flat=True).first()
    # An unknown request is answered once the actor's right was checked.
    locked_target(actor=actor, user_id=user_id or request_id, permission=HANDLE_REQUEST, reason=reason, may_be_own=True)
    request = DataRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise NotFound
    if request.status != RequestStatus.OPEN:
        raise RequestStateNotAllowed
    return request


def _record(action: str, actor: Any, request: DataRequest, reason: str) -> None:
    record(
        action,
        actor=actor,
        target_type=actions.DATA_REQUEST,
        target_id=request.pk,
        metadata={
            "user": str(request.user_id),
            "kind": str(request.kind),
            "status": str(request.status),
            "due_on": request.due_on.isoformat(),
            "reason": reason,
        },
    )
