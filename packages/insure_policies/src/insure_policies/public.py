"""What other packages may use."""

from insure_policies.models import Policy
from insure_policies.selectors.policies import all_policies, policies_visible_to

__all__ = ["Policy", "all_policies", "policies_visible_to"]
