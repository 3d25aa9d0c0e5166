"""What can be turned on the Wompi sandbox: one form, which GET /control/ shows and POST /control/ takes."""

from typing import Literal

from pydantic import Field

from insure_payments.testing.controls import Controls, EventControls

Operation = Literal["merchant", "institutions", "create", "read", "list", "tokenize", "void"]


class WompiEventControls(EventControls):
    uppercase: bool = False
    """Checksums in upper case, as in the documentation; captured traffic is in lower case."""


class WompiControls(Controls[Operation, WompiEventControls]):
    mode: Literal["sandbox", "production"] = "production"
    """Fixed per transaction when it is created, for PSE. `sandbox`: the bank's URL appears together with the final
    status that the bank's code stands for. `production`: the URL comes first, the status from the bank page. Other
    methods know the second only: a card or telephone number decides by itself, or the payer on a page."""
    progress_delay_ms: int = Field(default=200, ge=0)
    """From creation to the bank's URL or, where no page is to come (and in `sandbox` mode), to the result."""
    documents_version: int = 1
    """A new number is a new text for the payer to accept: both permalinks change."""
    merchants_by_key: bool = True
    """Whether the older GET /merchants/{public_key} still answers."""
    methods: tuple[str, ...] = ("CARD", "PSE", "NEQUI", "BANCOLOMBIA_TRANSFER")
    """Payment methods that this merchant has enabled; the hosted page offers them all."""
    refuse_voids: bool = False
    """Whether voids are refused, with a 201 as always; those that are no card's, or not of today, are in any case."""
    events: WompiEventControls = WompiEventControls()
