"""What the Wompi adapter is constructed with, and what can be wrong with it.

Source: docs.wompi.co, "ambientes y llaves". Besides the two documented environments Wompi runs others, whose prefixes
end in the same word (`pub_stagtest_`), on other hosts; so only what is certain is refused.
"""

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from insure_payments.gateways.edge import is_secure_url, options_problems

KEY_FORMS = {
    "public_key": "pub_{environment}_",
    "private_key": "prv_{environment}_",
    "events_secret": "{environment}_events_",
    "integrity_secret": "{environment}_integrity_",
}
HOSTS = {"sandbox.wompi.co": "test", "production.wompi.co": "prod"}


class WompiConfig(BaseModel):
    """Options of `INSURE_PAYMENTS["GATEWAYS"]["WOMPI"]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["test", "prod"]
    base_url: str
    """With the version: `https://production.wompi.co/v1`."""
    checkout_url: str = "https://checkout.wompi.co/p/"
    """The hosted page; the same for both environments, which the public key tells apart."""
    public_key: str = Field(repr=False)
    private_key: str = Field(repr=False)
    events_secret: str = Field(repr=False)
    integrity_secret: str = Field(repr=False)
    document_types: dict[str, str] = {}
    """Kind of document -> the type to send to PSE, for kinds that PSE does not list itself (`{"PPT": "CE"}`)."""
    read_seconds: float = 10
    """How long an answer may stay silent."""


def configuration_problems(options: dict[str, Any]) -> list[str]:
    """One readable line per problem, without repeating a value."""
    if problems := options_problems(WompiConfig, options):
        return problems
    config = WompiConfig.model_validate(options)
    return [*_url_problems(config), *_key_problems(config)]


def _url_problems(config: WompiConfig) -> list[str]:
    problems = [
        f"{name}: must be an https:// URL (http:// on the loopback address only)"
        for name in ("base_url", "checkout_url")
        if not is_secure_url(getattr(config, name))
    ]
    if HOSTS.get(urlsplit(config.base_url).hostname or "", config.environment) != config.environment:
        problems.append(f"base_url: is not the address of environment {config.environment!r}")
    return problems


def _key_problems(config: WompiConfig) -> list[str]:
    problems = []
    values = [getattr(config, name) for name in KEY_FORMS]
    for (name, form), value in zip(KEY_FORMS.items(), values, strict=True):
        prefix = form.format(environment=config.environment)
        if not re.match(form.format(environment=f"[a-z]*{config.environment}"), value):
            problems.append(f"{name}: does not begin with {prefix!r}, as keys of environment {config.environment!r} do")
        if re.search(r"[\s#]", value):
            problems.append(f"{name}: holds a space or a comment")
    if len(set(values)) < len(values):
        problems.append("public_key, private_key, events_secret and integrity_secret must all differ")
    return problems
