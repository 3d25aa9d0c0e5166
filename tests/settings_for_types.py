"""Settings with every app installed, for mypy's Django plugin; needs no environment and no server."""

import os

os.environ.setdefault("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")

from insure_common.testing.project import base_settings

globals().update(
    base_settings(
        "insure_policies",
        user_model="insure_users.User",
        apps=["insure_audit", "insure_users", "insure_integrations", "insure_payments"],
    )
)
