"""What is owed."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from insure_common import clock
from insure_payments.models import Charge, ChargeHold


def charges_visible_to(user: Any) -> QuerySet[Charge]:
    """A user's own charges, each with `in_payment`: whether a payment under way keeps it."""
    return all_charges().filter(user_id=user.pk)


def all_charges() -> QuerySet[Any]:
    """Everybody's charges with the same: for operators."""
    live_hold = ChargeHold.objects.filter(charge=OuterRef("pk"), expires_at__gt=clock.now())
    return Charge.objects.annotate(in_payment=Exists(live_hold))
