"""Charges that operators make and cancel."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from insure_audit.public import record
from insure_common.database import retried
from insure_common.exceptions import ValidationError
from insure_common.ids import new_id
from insure_common.money import Money
from insure_payments.enums import ChargeStatus
from insure_payments.errors import ChargeVoidAlready
from insure_payments.models import Charge
from insure_payments.permissions import ADD_ANY_CHARGE, VOID_ANY_CHARGE
from insure_payments.services.allocate import derive_paid, trim_allocations
from insure_payments.services.cases import open_credit_cases
from insure_payments.services.operator_rights import check_operator
from insure_payments.services.post_charges import next_external_id, post_charges
from insure_payments.services.post_entry import post_entry, reversal_of
from insure_payments.services.report_payment import request_report

SYSTEM = "OPERATOR"
"""The origin of charges that no core system has made."""


@retried
def make_charge(
    *, actor: Any, user_id: str, concept: str, amount: Money, tax: Money, due_date: date, reason: str
) -> Charge:
    """Charge a client `amount`, of which `tax` is value added tax, and post it. `user_id` is text of the user model.

    Raises ValidationError, PermissionDenied.
    """
    check_operator(actor, permission=ADD_ANY_CHARGE, reason=reason)
    if tax.currency != amount.currency or not 0 <= tax.amount_in_cents <= amount.amount_in_cents:
        raise ValidationError({"tax": [_("The tax is a part of the amount, in its currency.")]})
    with transaction.atomic():
        charge_id = new_id()
        charge = Charge(
            id=charge_id,
            user=_client(user_id),
            system=SYSTEM,
            reference=str(charge_id),
            concept=concept,
            due_date=due_date,
            amount_in_cents=amount.amount_in_cents,
            tax_in_cents=tax.amount_in_cents,
            currency=amount.currency,
        )
        post_charges([charge])
        charge.save(force_insert=True)
        _record("payments.charge_made", charge, actor=actor, reason=reason)
        return charge


@retried
def void_charge(*, actor: Any, charge_id: UUID, reason: str) -> Charge:
    """Cancel a charge: its posting is reversed, and what our payments put on it becomes credit of these payments.

    Raises Http404, ValidationError without a reason, PermissionDenied, ChargeVoidAlready.
    """
    check_operator(actor, permission=VOID_ANY_CHARGE, reason=reason)
    with transaction.atomic():
        charge = get_object_or_404(Charge.objects.select_for_update(no_key=True), pk=charge_id)
        if charge.status == ChargeStatus.VOID:
            raise ChargeVoidAlready
        charge.status = ChargeStatus.VOID
        trimmed = trim_allocations(charge)
        open_credit_cases(trimmed)
        request_report(payment_id for payment_id, _currency in trimmed)
        derive_paid([charge])
        if charge.entry is not None:
            post_entry(reversal_of(charge.entry, source=charge.system, external_id=next_external_id(charge)))
        charge.save()
        _record("payments.charge_cancelled", charge, actor=actor, reason=reason)
        return charge


def _client(user_id: str) -> Any:
    users = get_user_model()
    try:
        key = users._meta.pk.to_python(user_id)
    except DjangoValidationError:
        key = None
    client = users.objects.filter(pk=key).first()
    if client is None:
        raise ValidationError({"user": [_("There is no such user.")]})
    return client


def _record(action: str, charge: Charge, *, actor: Any, reason: str) -> None:
    record(
        action,
        actor=actor,
        target_type="insure_payments.charge",
        target_id=charge.pk,
        metadata={"amount_in_cents": charge.amount_in_cents, "currency": charge.currency, "reason": reason},
    )
