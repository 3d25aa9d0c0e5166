"""Keep what a provider offers at hand, so that no request waits for it."""

from datetime import timedelta

from insure_common import clock, outbox
from insure_payments.conf import PaymentsSettings
from insure_payments.gateways.base import gateway
from insure_payments.models import ProviderCatalog


def refresh_catalog(*, provider: str) -> ProviderCatalog:
    """Fetch methods, banks and documents to accept.

    Raises GatewayUnavailable or GatewayRefused; then the old ones stay.
    """
    source = gateway(provider)
    methods = [str(method) for method in source.list_methods()]
    institutions = [{"code": bank.code, "name": bank.name} for bank in source.list_institutions()]
    documents = [{"kind": document.kind, "permalink": document.permalink} for document in source.accepted_documents()]
    catalog, _ = ProviderCatalog.objects.update_or_create(
        provider=provider,
        defaults={
            "methods": methods,
            "institutions": institutions,
            "accepted_documents": documents,
            "refreshed_at": clock.now(),
        },
    )
    return catalog


def refresh_outdated_catalogs() -> None:
    """Enqueue a refresh for each provider whose catalog is missing or old; harmless as often as one likes."""
    settings = PaymentsSettings.load()
    fresh = ProviderCatalog.objects.filter(
        refreshed_at__gt=clock.now() - timedelta(minutes=settings.CATALOG_MINUTES)
    ).values_list("provider", flat=True)
    for provider in settings.GATEWAYS.keys() - set(fresh):
        request_catalog_refresh(provider=provider)


def request_catalog_refresh(*, provider: str) -> None:
    """Enqueue a refresh; of many requests in the same ten seconds one counts."""
    slot = int(clock.now().timestamp()) // 10
    outbox.enqueue(
        "insure_payments.tasks.refresh_catalog_task",
        payload={"provider": provider},
        priority=outbox.Priority.URGENT,
        dedupe_key=f"insure_payments.catalog:{provider}:{slot}",
    )
