"""Bring waiting charges onto the account of their holder, who has just become a known user."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from insure_common.database import retried
from insure_payments.models import Charge
from insure_payments.services.post_charges import post_charges


@retried
def claim_charges(*, system: str, holder_reference: str, user_id: Any) -> int:
    """Give the charges of a holder to the user and post them; returns how many. A second call finds nothing to do.

    `user_id` may be the text that an event carries.
    """
    user_id = get_user_model()._meta.pk.to_python(user_id)
    with transaction.atomic():
        waiting = Charge.objects.filter(system=system, holder_reference=holder_reference, user=None)
        charges = list(waiting.order_by("pk").select_for_update(no_key=True))
        for charge in charges:
            charge.user_id = user_id
        post_charges(charges)
        Charge.objects.bulk_update(charges, ["user", "entry", "revision"])
    return len(charges)
