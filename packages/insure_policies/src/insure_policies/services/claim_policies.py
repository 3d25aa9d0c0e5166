"""Give waiting policies to the user who proved to be their holder."""

from typing import Any

from django.db import transaction

from insure_audit.public import record_many
from insure_policies.actions import POLICY_CLAIMED, TARGET_POLICY
from insure_policies.models import Policy
from insure_policies.services.apply_policies import request_documents


def claim_policies(*, system: str, holder_reference: str, user_id: Any) -> int:
    """Give the policies of a holder that have no user yet to `user_id`; returns how many.

    Policies that belong to a user already stay with that user. Run twice, it changes nothing more.
    """
    with transaction.atomic():
        waiting = Policy.objects.filter(system=system, holder_reference=holder_reference, user=None)
        claimed = list(waiting.values_list("pk", flat=True))
        waiting.update(user_id=user_id)
        targets = {policy_id: {"user": str(user_id)} for policy_id in claimed}
        record_many(POLICY_CLAIMED, target_type=TARGET_POLICY, targets=targets)
        for policy_id in claimed:
            request_documents(policy_id)
        return len(claimed)
