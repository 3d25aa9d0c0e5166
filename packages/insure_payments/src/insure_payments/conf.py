"""INSURE_PAYMENTS: the settings of this package."""

from typing import Any

from insure_common.conf import AppSettings


class PaymentsSettings(AppSettings, setting="INSURE_PAYMENTS"):
    """INSURE_PAYMENTS."""

    GATEWAYS: dict[str, dict[str, Any]] = {}
    """Provider -> {"gateway": dotted path of a class, "environment": ..., and what that class is constructed with}."""
    DEFAULT_PROVIDER: str = "WOMPI"
    """The provider of a payment that names none."""
    CURRENCY: str = "COP"
    """ISO 4217 code of an account that does not exist yet."""
    CORE_SYSTEM: str = "CASSE"
    """The core system that charges come from and settled payments are reported to."""
    PAYMENT_MINUTES: int = 60
    """How long a payment may stay unsettled and keep its charges; approved money is posted whenever it comes."""
    OPENING_MINUTES: int = 5
    """How long opening a payment is tried, and how long a time-out is looked into, before it counts as failed."""
    POLL_FIRST_SECONDS: int = 60
    """A payment that is still pending is first asked about after this time, then at doubled intervals."""
    POLL_MAX_SECONDS: int = 3600
    """The longest interval between two questions about one payment."""
    POLL_DAYS: int = 7
    """After this time nobody asks about a pending transaction any more; its event still counts."""
    WEBHOOK_DAYS: int = 180
    """Events of providers are deleted after this time: long after the last delivery of any of them."""
    CATALOG_MINUTES: int = 60
    """Age at which the provider's banks and documents are fetched again."""
    RETURN_ORIGINS: list[str] = []
    """Origins (scheme://host[:port]) besides PUBLIC_BASE_URL to which a payer may be sent back."""
