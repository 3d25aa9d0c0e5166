"""Staff reading a client's policy leaves a trace."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404

from insure_audit.public import record
from insure_policies.actions import POLICY_VIEWED, TARGET_POLICY
from insure_policies.models import Policy
from insure_policies.selectors.policies import all_policies


def view_policy(*, actor: Any, policy_id: UUID) -> Policy:
    """Any policy, for a caller with the right `view_any_policy`; the reading is audited. Raises Http404."""
    with transaction.atomic():
        policy = get_object_or_404(all_policies(), pk=policy_id)
        record(POLICY_VIEWED, actor=actor, target_type=TARGET_POLICY, target_id=policy.pk)
        return policy
