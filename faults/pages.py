"""What payers do at the pages of the sandbox's providers."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

BUTTONS = {"aprobar": "APPROVED", "rechazar": "DECLINED", "error": "ERROR"}
HOSTED_HABITS: Mapping[tuple[str, ...], int] = {
    ("aprobar",): 75,
    ("rechazar", "aprobar"): 15,
    ("rechazar",): 5,
    ("pendiente", "aprobar"): 5,
}
"""What payers press one after the other on Wompi's page, and how many do so."""


@dataclass(frozen=True, slots=True)
class Decision:
    end: str
    """Nothing if somebody had decided before."""
    is_paid_twice: bool = False


def decide(http: httpx.Client, payment: Mapping[str, Any], rng: Random) -> Decision:
    """Press what leads to an end."""
    if payment["method"]["type"] == "CHECKOUT":
        return _check_out(http, payment["redirect_url"], rng)
    button = rng.choices(list(BUTTONS), weights=(8, 1, 1))[0]
    actions = map(html.unescape, re.findall(r'action="([^"]+)"', http.get(payment["redirect_url"]).text))
    pressed = [http.post(action).status_code == 303 for action in actions if f"/{button}" in action]
    return Decision(BUTTONS[button] if any(pressed) else "")


def _check_out(http: httpx.Client, url: str, rng: Random) -> Decision:
    """Try one after the other. Whoever leaves an attempt pending and pays anew is debited twice once it ends."""
    address, query = url.split("?", 1)
    habit = rng.choices(list(HOSTED_HABITS), weights=list(HOSTED_HABITS.values()))[0]
    pending, end = "", ""
    for button in habit:
        answer = http.post(f"{address}{button}?{query}", data={"method": "PSE"})
        if answer.status_code != 303:
            continue
        if button == "pendiente":
            pending = httpx.URL(answer.headers["location"]).params["id"].replace("-", "")
        else:
            end = BUTTONS[button]
    if pending:
        http.post("/wompi/v1/pse/redirect/aprobar", params={"ticket_id": pending})
    return Decision(end, is_paid_twice=bool(pending))
