"""What can be turned on the CASSE sandbox: one form, which GET /control/ shows and POST /control/ takes."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PageFault = Literal[
    "error", "too_many_requests", "redirect", "garbage", "truncated", "drip", "huge",
    "empty", "repeat", "shrink", "wrong_total",
]  # fmt: skip


class Controls(BaseModel):
    """The state of every switch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency_ms: int = Field(default=0, ge=0)
    """Pause before every answer."""
    error_rate: float = Field(default=0, ge=0, le=1)
    """Share of calls answered by an HTML 503, without any work done."""
    token_seconds: int = Field(default=3600, ge=1)
    """Life of the tokens that are issued from now on."""
    pages: dict[int, PageFault] = {}
    """Faults of lists, by page number from one; 0 is every page. `error`: 500. `too_many_requests`: 429 with
    Retry-After. `redirect`: 302 to elsewhere. `garbage`: HTML with status 200. `truncated`: half of the JSON. `drip`:
    one byte a second. `huge`: more than 10 MB. `empty`: no rows and no further page. `repeat`: the rows of page one
    again. `shrink`: one row and one of the total less. `wrong_total`: 990 more than there are."""
    corrupt: tuple[str, ...] = ()
    """References of policies and charges that are served with a senseless amount and date."""

    def changed(self, changes: Mapping[str, Any]) -> "Controls":
        """These controls with `changes`; what is not named stays. Raises ValueError for an unknown name or value."""
        return Controls.model_validate({**self.model_dump(), **changes})
