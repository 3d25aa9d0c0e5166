"""Inclusion proofs: that one event stands in the sealed trail, checkable with the public key alone."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils.translation import gettext_lazy as _

from insure_audit.encoding import EVENT_FIELDS, SEAL_FIELDS, Texts, encode_event, encode_seal, event_texts, seal_texts
from insure_audit.keys import is_signed_by
from insure_audit.merkle import inclusion_path, leaf_digest, root_from_path
from insure_audit.models import Event, Seal, SealEntry
from insure_common.exceptions import Conflict


class NotSealedYet(Conflict):
    default_code = "not_sealed_yet"
    default_detail = _("The event is not sealed yet. Please try again in a few seconds.")


@dataclass(frozen=True, slots=True)
class Proof:
    """`event` and `seal` hold the texts whose length-prefixed encoding is hashed and signed (see encoding.py)."""

    event: Texts
    place: int
    """The event's place in the whole trail, from one."""
    index: int
    """The leaf's place in the seal's tree, from zero."""
    path: list[str]
    seal: Texts
    signature: str


def prove(event: Event) -> Proof:
    """The proof that leads from `event` to its signed seal. Raises NotSealedYet."""
    entry = SealEntry.objects.select_related("seal").filter(event=event).first()
    if entry is None:
        raise NotSealedYet
    seal: Seal = entry.seal
    index = entry.seq - (seal.size - seal.count + 1)
    leaves = list(seal.entries.order_by("seq").values_list("digest", flat=True))
    return Proof(
        event=event_texts(event),
        place=entry.seq,
        index=index,
        path=inclusion_path(leaves, index),
        seal=seal_texts(seal),
        signature=seal.signature,
    )


def is_proven(proof: Proof, *, key: Ed25519PublicKey) -> bool:
    """Whether the proof holds under the public key of the seal; needs no database."""
    if set(proof.event) != set(EVENT_FIELDS) or set(proof.seal) != set(SEAL_FIELDS):
        return False
    leaf = leaf_digest(encode_event(proof.event))
    size = int(proof.seal["count"] or 0)
    root = root_from_path(leaf, index=proof.index, size=size, path=proof.path)
    return root == proof.seal["root"] and is_signed_by(key, signature=proof.signature, head=encode_seal(proof.seal))
