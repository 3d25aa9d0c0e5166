"""What is owed."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from insure_common import clock
from insure_payments.models import Charge, ChargeHold


def charges_visible_to(user: Any) -> QuerySet[Charge]:
    """A user's own charges, each with `in_payment`: whether a payment under way keeps it."""
    live_hold = ChargeHold.objects.filter(charge=OuterRef("pk"), expires_at__gt=clock.now())
    return Charge.objects.filter(user_id=user.pk).annotate(in_payment=Exists(live_hold))
