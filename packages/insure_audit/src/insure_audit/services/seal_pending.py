"""Give new events their place in the trail and sign it."""

from django.db import transaction

from insure_audit.anchor import write_anchor
from insure_audit.conf import AuditSettings
from insure_audit.encoding import encode_event, event_texts, head_digest
from insure_audit.keys import sign, signing_key
from insure_audit.merkle import leaf_digest, root_of
from insure_audit.models import Event, Seal, SealEntry, Unsealed
from insure_common import clock
from insure_common.database import advisory_lock

NOTHING_BEFORE = "0" * 64


def seal_pending() -> int:
    """Seal the events that were committed since the last call and anchor each new head; returns how many events.

    Meant to be called every few seconds (a relay hook), by any number of processes: only one seals at a time, the
    others return at once. Writers never wait for it.
    """
    seals = list(iter(_seal_batch, None))
    # Without a new one the last again: a process may have died, or the storage been away, after its commit.
    for seal in seals or Seal.objects.order_by("-seq")[:1]:
        write_anchor(seal)
    return sum(seal.count for seal in seals)


def _seal_batch() -> Seal | None:
    """Put the next batch under a seal, or return None if nothing waits or somebody else is sealing."""
    with transaction.atomic():
        if not advisory_lock("insure_audit.seal", wait=False):
            return None
        waiting = list(Unsealed.objects.values_list("pk", flat=True)[: AuditSettings.load().SEAL_BATCH])
        events = sorted(Event.objects.filter(pk__in=waiting), key=lambda event: (event.occurred_at, event.pk))
        if not events:
            return None
        before = Seal.objects.order_by("-seq").first()
        digests = [leaf_digest(encode_event(event_texts(event))) for event in events]
        seal = _signed_seal(digests, before)
        first = seal.size - seal.count + 1
        SealEntry.objects.bulk_create(
            SealEntry(seq=seq, event=event, seal=seal, digest=digest)
            for seq, (event, digest) in enumerate(zip(events, digests, strict=True), start=first)
        )
        Unsealed.objects.filter(pk__in=waiting).delete()
        return seal


def _signed_seal(digests: list[str], before: Seal | None) -> Seal:
    key_id, key = signing_key()
    seal = Seal(
        seq=before.seq + 1 if before else 1,
        size=(before.size if before else 0) + len(digests),
        count=len(digests),
        root=root_of(digests),
        previous=head_digest(before) if before else NOTHING_BEFORE,
        key_id=key_id,
        created_at=clock.now(),
    )
    seal.signature = sign(seal, key)
    # Without it Django tries an UPDATE first, for which the application's role has no right.
    seal.save(force_insert=True)
    return seal
