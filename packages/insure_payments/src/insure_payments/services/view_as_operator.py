"""Operators who look at what belongs to one client leave a trace."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404

from insure_audit.public import record
from insure_common.exceptions import NotFound, PermissionDenied
from insure_payments.models import Line, Payment, WebhookEvent
from insure_payments.permissions import VIEW_ANY_ACCOUNT, VIEW_ANY_PAYMENT
from insure_payments.selectors.cases import payments_in_full
from insure_payments.selectors.ledger import ledger_lines
from insure_payments.selectors.payments import find_payment, webhook_events


def view_payment(*, actor: Any, payment_id: UUID) -> Payment:
    """Any payment, for a caller with the right `view_any_payment`. Raises Http404."""
    with transaction.atomic():
        payment = get_object_or_404(payments_in_full(), pk=payment_id)
        record("payments.payment_viewed", actor=actor, target_type="insure_payments.payment", target_id=payment.pk)
        return payment


def show_payment(*, viewer: Any, payment: str) -> Payment:
    """A payment by its reference or id, with all that an operator decides by. Raises PermissionDenied, NotFound."""
    if not viewer.has_perm(VIEW_ANY_PAYMENT):
        raise PermissionDenied
    found = find_payment(payment)
    if found is None:
        raise NotFound
    return view_payment(actor=viewer, payment_id=found.pk)


def show_ledger(
    *, viewer: Any, user_id: Any = None, since: date | None = None, until: date | None = None
) -> Iterator[Line]:
    """The lines of the ledger, or of one user's account: see `ledger_lines`.

    Raises PermissionDenied, NotFound, Http404.
    """
    if not viewer.has_perm(VIEW_ANY_ACCOUNT):
        raise PermissionDenied
    if user_id is None:
        with transaction.atomic():
            record("payments.ledger_viewed", actor=viewer, target_type="insure_payments.entry", target_id="list")
    else:
        user_id = view_account(actor=viewer, user_id=str(user_id))
    return ledger_lines(user_id=user_id, since=since, until=until)


def view_webhook_event(*, actor: Any, event_id: UUID) -> WebhookEvent:
    """An event with what the provider sent, for a caller with the right `view_webhook_event`. Raises Http404."""
    with transaction.atomic():
        event = get_object_or_404(webhook_events(), pk=event_id)
        record(
            "payments.webhook_event_viewed", actor=actor, target_type="insure_payments.webhookevent", target_id=event.pk
        )
        return event


def view_account(*, actor: Any, user_id: str) -> Any:
    """The id of the user whose account a caller with the right `view_any_account` is going to see.

    `user_id` is text of whatever ids the project's user model has. Raises NotFound or Http404.
    """
    users = get_user_model()
    try:
        key = users._meta.pk.to_python(user_id)
    except DjangoValidationError:
        raise NotFound from None
    with transaction.atomic():
        client = get_object_or_404(users, pk=key)
        record("payments.account_viewed", actor=actor, target_type=users._meta.label_lower, target_id=client.pk)
        return client.pk
