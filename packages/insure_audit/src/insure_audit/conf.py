"""INSURE_AUDIT."""

from pydantic import Field

from insure_common.conf import AppSettings, Ed25519Seed


class AuditSettings(AppSettings, setting="INSURE_AUDIT"):
    SEAL_KEYS: dict[str, Ed25519Seed] = Field(default={}, repr=False)
    """Key id -> Ed25519 seed (32 bytes in base64, from the environment). The first signs, all verify."""
    ANCHOR_STORAGE: str | None = None
    """Alias in STORAGES where each signed head is kept outside of the database; None keeps none."""
    SEAL_BATCH: int = Field(default=1000, gt=0)
    """Most events under one seal."""
    SEALED_WITHIN_SECONDS: int = Field(default=10, gt=0)
    """Verification reports an event that is older than this and has no seal: 5 s for the sealer, 5 s of tolerance."""
