"""Start a payment: the client names charges and a method; what is owed comes from the server."""

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from insure_audit.public import record
from insure_common import clock, correlation, outbox
from insure_common.conf import CommonSettings
from insure_common.database import retried
from insure_common.exceptions import ValidationError
from insure_common.ids import new_id
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import ChargeStatus
from insure_payments.errors import (
    AmountTooHigh,
    ChargeInPayment,
    ChargePaid,
    ChargeVoid,
    ReturnUrlRefused,
    UnknownCharge,
)
from insure_payments.models import Allocation, Charge, ChargeHold, Payment


@retried
def start_payment(
    *,
    user: Any,
    charge_ids: Sequence[UUID],
    method: dict[str, Any],
    accepted_documents: Sequence[str],
    amount_in_cents: int | None = None,
    provider: str | None = None,
    return_url: str | None = None,
) -> Payment:
    """Make a payment of the open amounts of the user's own charges, keep these for it, and let a worker open it.

    `amount_in_cents` pays a part of one charge. Raises UnknownCharge, ChargePaid, ChargeVoid, ChargeInPayment,
    AmountTooHigh, ReturnUrlRefused or ValidationError.
    """
    return_url = _checked_return_url(return_url)
    with transaction.atomic():
        charges = _lock_payable(user=user, charge_ids=charge_ids)
        requested = _requested(charges, amount_in_cents)
        payment = _create(
            requested,
            user=user,
            provider=provider or PaymentsSettings.load().DEFAULT_PROVIDER,
            method={name: value for name, value in method.items() if name != "token"},
            card_token=method.get("token", ""),
            accepted_documents=list(accepted_documents),
            return_url=return_url,
        )
        record(
            "payments.payment_started",
            actor=user,
            target_type="insure_payments.payment",
            target_id=payment.pk,
            metadata={"amount_in_cents": payment.amount_in_cents, "charges": [str(charge.pk) for charge in charges]},
        )
        outbox.enqueue(
            "insure_payments.tasks.open_payment_task",
            payload={"payment_id": payment.pk},
            priority=outbox.Priority.URGENT,
        )
        return payment


def reference_of(payment_id: UUID) -> str:
    """A reference that fits every provider: 28 letters and digits, unique like the id, ending in a letter.

    Wompi's signature joins reference and amount without a separator, so a reference must never end in a digit.
    """
    return f"P{base64.b32encode(payment_id.bytes).decode().rstrip('=')}X"


def _lock_payable(*, user: Any, charge_ids: Sequence[UUID]) -> list[Charge]:
    own = Charge.objects.filter(pk__in=charge_ids, user_id=user.pk)
    charges = list(own.order_by("pk").select_for_update(no_key=True))
    if len(charges) != len(set(charge_ids)):
        raise UnknownCharge
    for charge in charges:
        if charge.status == ChargeStatus.VOID:
            raise ChargeVoid
        if charge.status == ChargeStatus.PAID:
            raise ChargePaid
    if len({charge.currency for charge in charges}) > 1:
        raise ValidationError({"charge_ids": [_("Charges in different currencies are paid one by one.")]})
    holds = ChargeHold.objects.filter(charge__in=charges)
    # Under the lock of its charge an expired hold may be taken over.
    holds.filter(expires_at__lte=clock.now()).delete()
    if holds.exists():
        raise ChargeInPayment
    return charges


def _requested(charges: Sequence[Charge], amount_in_cents: int | None) -> dict[Charge, int]:
    """What to pay of each charge: all that is open, or a part of the only one."""
    if amount_in_cents is None:
        return {charge: charge.outstanding_in_cents for charge in charges}
    if len(charges) > 1:
        raise ValidationError({"amount_in_cents": [_("Only one charge can be paid in part.")]})
    if amount_in_cents > charges[0].outstanding_in_cents:
        raise AmountTooHigh({"amount_in_cents": [AmountTooHigh.default_detail]})
    return {charges[0]: amount_in_cents}


def _create(requested: dict[Charge, int], **fields: Any) -> Payment:
    settings, now, payment_id = PaymentsSettings.load(), clock.now(), new_id()
    payment = Payment.objects.create(
        id=payment_id,
        reference=reference_of(payment_id),
        amount_in_cents=sum(requested.values()),
        currency=next(iter(requested)).currency,
        client_address=correlation.client_address(),
        created_at=now,
        expires_at=now + timedelta(minutes=settings.PAYMENT_MINUTES),
        next_poll_at=now + timedelta(seconds=settings.POLL_FIRST_SECONDS),
        **fields,
    )
    Allocation.objects.bulk_create(
        Allocation(payment=payment, charge=charge, requested_in_cents=amount) for charge, amount in requested.items()
    )
    ChargeHold.objects.bulk_create(
        ChargeHold(charge=charge, payment=payment, expires_at=payment.expires_at) for charge in requested
    )
    return payment


def _checked_return_url(return_url: str | None) -> str:
    """The payer is only sent back to this service's own origin or one that the settings name."""
    home = CommonSettings.load().PUBLIC_BASE_URL
    if return_url is None:
        return home + _return_path()
    if _origin(return_url) not in {_origin(url) for url in (home, *PaymentsSettings.load().RETURN_ORIGINS)}:
        raise ReturnUrlRefused({"return_url": [ReturnUrlRefused.default_detail]})
    return return_url


def _return_path() -> str:
    """Nothing in a project without the page of `insure_payments.return_urls`."""
    try:
        return reverse("payment-return")
    except NoReverseMatch:
        return ""


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
