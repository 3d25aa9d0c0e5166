"""Operators who look at what belongs to one client leave a trace."""

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404

from insure_audit.public import record
from insure_common.exceptions import NotFound
from insure_payments.models import Payment, WebhookEvent
from insure_payments.selectors.cases import payments_in_full
from insure_payments.selectors.payments import webhook_events


def view_payment(*, actor: Any, payment_id: UUID) -> Payment:
    """Any payment, for a caller with the right `view_any_payment`. Raises Http404."""
    with transaction.atomic():
        payment = get_object_or_404(payments_in_full(), pk=payment_id)
        record("payments.payment_viewed", actor=actor, target_type="insure_payments.payment", target_id=payment.pk)
        return payment


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
