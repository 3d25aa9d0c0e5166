"""The audit actions of this package."""

from django.utils.translation import gettext_lazy as _

POLICY_SYNCED = "policies.policy_synced"
POLICY_CLAIMED = "policies.policy_claimed"
POLICY_VIEWED = "policies.policy_viewed"
DOCUMENT_STORED = "policies.document_stored"

TARGET_POLICY = "insure_policies.policy"
TARGET_DOCUMENT = "insure_policies.document"

ACTIONS = {
    POLICY_SYNCED: _("Policy brought in line with the core system"),
    POLICY_CLAIMED: _("Policy given to its holder's user"),
    POLICY_VIEWED: _("Policy of a client read by staff"),
    DOCUMENT_STORED: _("Policy document stored"),
}
