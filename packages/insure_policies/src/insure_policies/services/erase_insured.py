"""Takes a person out of this package's tables."""

from insure_integrations.public import erase_calls
from insure_policies.models import Policy


def erase_insured(*, system: str, holder_reference: str) -> None:
    """Forget who and what a holder's policies insure; numbers, dates, premiums and documents are kept by law.

    `apply_policies` stores nothing of this again once the holder is erased. Run twice, it changes nothing more.
    """
    policies = Policy.objects.filter(system=system, holder_reference=holder_reference)
    policies.update(insured=[])
    erase_calls(mentioning=list(policies.values_list("reference", flat=True)))
