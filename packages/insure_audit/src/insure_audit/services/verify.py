"""Recompute the whole trail and name what does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, islice
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.models import QuerySet

from insure_audit.anchor import read_anchors, signed_head
from insure_audit.conf import AuditSettings
from insure_audit.encoding import encode_event, encode_seal, event_texts, head_digest, seal_texts
from insure_audit.keys import is_signed_by, public_keys
from insure_audit.merkle import leaf_digest, root_of
from insure_audit.models import Event, Seal, SealEntry
from insure_audit.services.seal_pending import NOTHING_BEFORE
from insure_common import clock

PAGE = 1000
MOST_PROBLEMS = 100

M = TypeVar("M", Seal, SealEntry)
PlacedEvent = tuple[SealEntry, Event | None]


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What was looked at and what is wrong with it, the first in the trail first (at most 100 lines)."""

    events: int
    seals: int
    problems: list[str]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify() -> VerificationReport:
    """Check every event, seal and anchor, while others go on writing and sealing; reads the trail page by page.

    Finds events that were changed, removed, inserted or never sealed, seals that were changed, removed or made without
    the key, and, with ANCHOR_STORAGE, a trail that was cut at its end or written anew.
    """
    problems = chain(_chain_problems(), _unsealed_problems(), _anchor_problems())
    first_problems = list(islice(problems, MOST_PROBLEMS))
    return VerificationReport(events=Event.objects.count(), seals=Seal.objects.count(), problems=first_problems)


def _chain_problems() -> Iterator[str]:
    # The entry first: its seal was committed with it, whatever is sealed meanwhile.
    last_entry = SealEntry.objects.order_by("-seq").first()
    last_seal = Seal.objects.order_by("-seq").first()
    size = last_seal.size if last_seal else 0
    keys, before = public_keys(), None
    placed = _placed_events(upto=size)
    waiting = next(placed, None)
    for seal in _by_seq(Seal.objects.all(), upto=last_seal.seq if last_seal else 0):
        yield from _head_problems(seal, before, keys)
        batch: list[PlacedEvent] = []
        while waiting and waiting[0].seq <= seal.size:
            batch.append(waiting)
            waiting = next(placed, None)
        yield from _batch_problems(seal, batch)
        before = seal
    if last_entry and last_entry.seq > size:
        yield f"places {size + 1} to {last_entry.seq}: their seal is missing"


def _head_problems(seal: Seal, before: Seal | None, keys: dict[str, Ed25519PublicKey]) -> Iterator[str]:
    expected = before.seq + 1 if before else 1
    if seal.seq != expected:
        yield f"seal {expected}: missing, with all up to seal {seal.seq - 1}"
    elif seal.previous != (head_digest(before) if before else NOTHING_BEFORE):
        yield f"seal {seal.seq}: not chained to the seal before"
    elif seal.size != (before.size if before else 0) + seal.count:
        yield f"seal {seal.seq}: its count does not follow the seal before"
    if seal.key_id not in keys:
        yield f"seal {seal.seq}: signed with the unknown key {seal.key_id!r}"
    elif not is_signed_by(keys[seal.key_id], signature=seal.signature, head=encode_seal(seal_texts(seal))):
        yield f"seal {seal.seq}: the signature is not valid"


def _batch_problems(seal: Seal, batch: list[PlacedEvent]) -> Iterator[str]:
    expected = seal.size - seal.count + 1
    for entry, event in batch:
        if entry.seq != expected:
            yield f"place {expected}: missing, with all up to place {entry.seq - 1}"
        expected = entry.seq + 1
        if event is None:
            yield f"event {entry.event_id} (place {entry.seq}): removed"
        elif leaf_digest(encode_event(event_texts(event))) != entry.digest:
            yield f"event {event.pk} (place {entry.seq}): changed"
    if expected <= seal.size:
        yield f"place {expected}: missing, with all up to place {seal.size}"
    elif _root([entry.digest for entry, _ in batch]) != seal.root:
        yield f"seal {seal.seq}: does not fit the events at places {seal.size - seal.count + 1} to {seal.size}"


def _root(digests: list[str]) -> str | None:
    try:
        return root_of(digests)
    except ValueError:
        return None


def _unsealed_problems() -> Iterator[str]:
    seconds = AuditSettings.load().SEALED_WITHIN_SECONDS
    overdue = Event.objects.filter(seal_entry__isnull=True, occurred_at__lt=clock.now() - timedelta(seconds=seconds))
    for pk in overdue.order_by("occurred_at").values_list("pk", flat=True)[:MOST_PROBLEMS]:
        yield f"event {pk}: without a seal for more than {seconds} s"


def _anchor_problems() -> Iterator[str]:
    anchors = read_anchors()
    while page := dict(islice(anchors, PAGE)):
        seals = Seal.objects.in_bulk(page)
        for seq, head in page.items():
            if seq not in seals:
                yield f"seal {seq}: anchored, but no longer in the database"
            elif signed_head(seals[seq]) != head:
                yield f"seal {seq}: not the one that was anchored"


def _placed_events(*, upto: int) -> Iterator[PlacedEvent]:
    entries = _by_seq(SealEntry.objects.all(), upto=upto)
    while page := list(islice(entries, PAGE)):
        events = Event.objects.in_bulk([entry.event_id for entry in page])
        for entry in page:
            yield entry, events.get(entry.event_id)


def _by_seq(rows: QuerySet[M], *, upto: int) -> Iterator[M]:
    after = 0
    while page := list(rows.filter(seq__gt=after, seq__lte=upto).order_by("seq")[:PAGE]):
        yield from page
        after = page[-1].seq
