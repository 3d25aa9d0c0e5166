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
    REPORT_DAYS: int = Field(default=7, gt=0)
    """Reports are deleted, with their files, this many days after somebody asked for them."""
    REPORTS_AT_ONCE: int = Field(default=3, gt=0)
    """Unfinished reports that one user may have."""
    REPORT_CSV_ROWS: int = Field(default=2_000_000, gt=0)
    """Most rows of a CSV."""
    REPORT_PDF_ROWS: int = Field(default=5_000, gt=0)
    """Most rows of a PDF, which is laid out in memory."""
    SEALED_WITHIN_SECONDS: int = Field(default=10, gt=0)
    """Verification reports an event that is older than this and has no seal: 5 s for the sealer, 5 s of tolerance."""
