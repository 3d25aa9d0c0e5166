"""What other packages may use."""

from insure_policies.models import Policy
from insure_policies.selectors.export import export_person
from insure_policies.selectors.policies import all_policies, policies_visible_to

__all__ = ["Policy", "all_policies", "export_person", "policies_visible_to"]
