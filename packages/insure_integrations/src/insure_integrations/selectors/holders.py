"""Reads of holder links."""

from collections.abc import Collection

from insure_integrations.models import HolderLink


def erased_holders(*, system: str, references: Collection[str]) -> set[str]:
    """Those of the holders whose user was pseudonymised: nothing that names them is to be stored again."""
    erased = HolderLink.objects.filter(system=system, reference__in=references, erased_at__isnull=False)
    return set(erased.values_list("reference", flat=True))
