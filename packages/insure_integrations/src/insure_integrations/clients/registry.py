"""The core systems that the project names in INSURE_INTEGRATIONS["SYSTEMS"]."""

from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from insure_common.conf import import_dotted
from insure_integrations.clients.base import CoreSystem
from insure_integrations.conf import IntegrationsSettings


@lru_cache
def core_system(name: str = "CASSE") -> CoreSystem:
    """The adapter of the system `name`, one for each process. Raises ImproperlyConfigured if there is none."""
    options: dict[str, Any] = dict(IntegrationsSettings.load().SYSTEMS.get(name, {}))
    if "client" not in options:
        raise ImproperlyConfigured(f"INSURE_INTEGRATIONS['SYSTEMS'] has no client for {name!r}")
    adapter: CoreSystem = import_dotted(options.pop("client"))(system=name, **options)
    return adapter


def _forget(*, setting: str, **_: Any) -> None:
    if setting == IntegrationsSettings.setting:
        core_system.cache_clear()


setting_changed.connect(_forget)
