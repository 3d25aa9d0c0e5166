"""Who is who: a holder of a core system belongs to a user only if document AND verified e-mail agree.

Knowing somebody's document number therefore opens nothing.
"""

import logging
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from insure_audit.public import record
from insure_common import clock
from insure_common.database import advisory_lock
from insure_common.outbox import emit
from insure_common.people import people
from insure_integrations.clients.base import CoreHolder
from insure_integrations.models import HolderLink

logger = logging.getLogger(__name__)

LOCK = "insure_integrations.holder_links"
"""Held to the end of the transaction: a user who is activated while a page is applied is seen by that page, or finds
its holders and rows when it has committed; never neither."""


def link_holders(*, system: str, holders: Iterable[CoreHolder]) -> dict[str, Any]:
    """Store the holders and return the user id of each, None as long as nobody has proved to be that holder.

    Each new link emits `holder_linked`. A linked holder whose document changes in the core system may be somebody else
    by now: the link stays as it is, an error is logged, and the answer is None, as it is for one who was erased.
    """
    wanted = {holder.reference: holder for holder in holders}
    with transaction.atomic():
        advisory_lock(LOCK)
        found = HolderLink.objects.filter(system=system, reference__in=wanted)
        known = {link.reference: link for link in found}
        users: dict[str, Any] = {}
        changed = []
        for reference, holder in wanted.items():
            link = known.get(reference)
            if link is not None and link.user_id is not None:
                users[reference] = _user_of(link, holder)
                continue
            users[reference] = None
            if link is None or (link.id_type, link.id_number, link.email) != _identity(holder):
                changed.append(holder)
        for link in _store(system, changed):
            match = people().find_verified(id_type=link.id_type, id_number=link.id_number, email=link.email)
            if link.email and match is not None:
                _link(link, match.user_id)
                users[link.reference] = match.user_id
    return users


def link_user(*, user_id: Any) -> int:
    """Link the waiting holders whose document and e-mail are those of this user; returns how many."""
    person = people().get(user_id)
    if person is None:
        return 0
    match = people().find_verified(id_type=person.id_type, id_number=person.id_number, email=person.email)
    if match is None or match.user_id != person.user_id:
        return 0
    waiting = HolderLink.objects.filter(user=None, id_type=person.id_type, id_number=person.id_number)
    with transaction.atomic():
        advisory_lock(LOCK)
        links = list(waiting.filter(email__iexact=person.email).exclude(email="").select_for_update())
        for link in links:
            _link(link, person.user_id)
    return len(links)


def _identity(holder: CoreHolder) -> tuple[str, str, str]:
    return holder.id_type, holder.id_number, holder.email


def _user_of(link: HolderLink, holder: CoreHolder) -> Any:
    if link.erased_at is not None:
        return None
    if (link.id_type, link.id_number) == (holder.id_type, holder.id_number):
        return link.user_id
    logger.error("a linked holder has another document now", extra={"holder_link": str(link.pk)})
    return None


def _store(system: str, holders: Iterable[CoreHolder]) -> list[HolderLink]:
    return HolderLink.objects.bulk_create(
        (
            HolderLink(
                system=system,
                reference=holder.reference,
                id_type=holder.id_type,
                id_number=holder.id_number,
                email=holder.email,
            )
            for holder in holders
        ),
        update_conflicts=True,
        unique_fields=["system", "reference"],
        update_fields=["id_type", "id_number", "email"],
    )


def _link(link: HolderLink, user_id: Any) -> None:
    HolderLink.objects.filter(system=link.system, reference=link.reference).update(
        user_id=user_id, linked_at=clock.now()
    )
    payload = {"system": link.system, "reference": link.reference, "user_id": str(user_id)}
    emit("holder_linked", payload=payload)
    record(
        "integrations.holder_linked",
        target_type="insure_integrations.holder_link",
        target_id=f"{link.system}/{link.reference}",
        metadata=payload,
    )
