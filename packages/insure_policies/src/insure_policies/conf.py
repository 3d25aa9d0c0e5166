"""INSURE_POLICIES."""

from insure_common.conf import AppSettings


class PoliciesSettings(AppSettings, setting="INSURE_POLICIES"):
    SYSTEM: str = "CASSE"
    """The core system, a key of INSURE_INTEGRATIONS["SYSTEMS"], whose policies are synchronised."""
