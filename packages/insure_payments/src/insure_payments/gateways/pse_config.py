"""What the PSE adapter is constructed with, and what can be wrong with it.

PlaceToPay's credentials carry no prefix, so only the address tells test from production.
"""

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from insure_payments.gateways.edge import is_secure_url, options_problems

HOSTS = {
    "checkout.placetopay.com": "prod",
    "checkout-test.placetopay.com": "test",
    "test.placetopay.com": "test",
}


class PseConfig(BaseModel):
    """Options of `INSURE_PAYMENTS["GATEWAYS"]["PSE"]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["test", "prod"]
    base_url: str
    """Without `/api`: `https://checkout.placetopay.com`."""
    login: str = Field(min_length=1)
    secret_key: str = Field(min_length=8, repr=False)
    """Signs our requests and PlaceToPay's notifications; it never travels."""
    payment_method: str = "_PSE_"
    """PlaceToPay's code of PSE, to which its page is limited."""
    read_seconds: float = 10
    """How long an answer may stay silent."""


def configuration_problems(options: dict[str, Any]) -> list[str]:
    """One readable line per problem, without repeating a value."""
    if problems := options_problems(PseConfig, options):
        return problems
    config = PseConfig.model_validate(options)
    problems = []
    if not is_secure_url(config.base_url):
        problems.append("base_url: must be an https:// URL (http:// on the loopback address only)")
    if HOSTS.get(urlsplit(config.base_url).hostname or "", config.environment) != config.environment:
        problems.append(f"base_url: is not the address of environment {config.environment!r}")
    problems += [
        f"{name}: holds a space or a comment"
        for name in ("login", "secret_key")
        if re.search(r"[\s#]", getattr(config, name))
    ]
    if config.login == config.secret_key:
        problems.append("login and secret_key must differ")
    return problems
