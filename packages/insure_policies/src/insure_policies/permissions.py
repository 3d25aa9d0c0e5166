"""The rights of this package."""

VIEW_ANY_POLICY = "insure_policies.view_any_policy"
