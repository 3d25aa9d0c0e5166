"""What can be turned on the PSE sandbox: one form, which GET /control/ shows and POST /control/ takes."""

from typing import Literal

from insure_payments.testing.controls import Controls, EventControls

Operation = Literal["create", "read"]


class PseEventControls(EventControls):
    sha256: bool = False
    """Signatures by SHA-256, which say so in front, in place of SHA-1."""


class PseControls(Controls[Operation, PseEventControls]):
    retries: bool = False
    """Whether a session stays open after a try that the bank refused, so that the payer may try again."""
    events: PseEventControls = PseEventControls()
