"""Takes a person out of this package's tables."""

from typing import Any

from django.db import transaction

from insure_common import clock
from insure_common.database import advisory_lock
from insure_common.outbox import emit
from insure_integrations.models import HolderLink, Notification
from insure_integrations.services.erase_calls import erase_calls
from insure_integrations.services.link_holders import LOCK


def erase_holder(*, user_id: Any) -> None:
    """Blank the documents and addresses of the user's holder links, delete their notifications, empty the call log.

    The links stay, so that the core system's rows of these holders never again reach an account. Emits `holder_erased`
    {"system", "reference"} for each. Run twice, it changes nothing more.
    """
    with transaction.atomic():
        advisory_lock(LOCK)
        links = HolderLink.objects.filter(user_id=user_id)
        waiting = links.filter(erased_at=None)
        for link in waiting:
            emit("holder_erased", payload={"system": link.system, "reference": link.reference})
        waiting.update(id_type="", id_number="", email="", erased_at=clock.now())
        Notification.objects.filter(user_id=user_id).delete()
        references = list(links.values_list("reference", flat=True))
    erase_calls(mentioning=references)
