"""What a provider offers."""

from insure_payments.conf import PaymentsSettings
from insure_payments.models import ProviderCatalog


def catalog_of(provider: str) -> ProviderCatalog | None:
    """Banks and documents as last fetched; None before the first time."""
    return ProviderCatalog.objects.filter(provider=provider).first()


def catalogs() -> list[ProviderCatalog]:
    """What each configured provider was last known to offer, the default one first."""
    settings = PaymentsSettings.load()
    offers = ProviderCatalog.objects.filter(provider__in=settings.GATEWAYS).order_by("provider")
    return sorted(offers, key=lambda offer: offer.provider != settings.DEFAULT_PROVIDER)


def institution_name(provider: str, code: str) -> str:
    """The name of a bank, or its code if the name is not known."""
    catalog = catalog_of(provider)
    names: dict[str, str] = {bank["code"]: bank["name"] for bank in catalog.institutions} if catalog else {}
    return names.get(code, code)
