"""The rights of this package."""

VIEW_ANY_POLICY = "insure_policies.view_any_policy"
VIEW_INSURED = "insure_policies.view_insured"
