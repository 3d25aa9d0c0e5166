"""Statuses and their allowed transitions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PolicyStatus(models.TextChoices):
    PENDING = "PENDING", _("In issue")
    ACTIVE = "ACTIVE", _("In force")
    SUSPENDED = "SUSPENDED", _("Suspended")
    EXPIRED = "EXPIRED", _("Expired")
    CANCELLED = "CANCELLED", _("Cancelled")


_ISSUED = frozenset(PolicyStatus) - {PolicyStatus.PENDING}

# A synchronisation sees where a policy has arrived, not each step on the way, and the insurer may renew an expired
# policy and reinstate a cancelled one. What was issued never goes back to being in issue.
POLICY_TRANSITIONS: dict[PolicyStatus, frozenset[PolicyStatus]] = {
    status: _ISSUED - {status} for status in PolicyStatus
}
