"""Merkle trees of RFC 9162 section 2.1 over SHA-256; digests are hexadecimal text."""

import hashlib
from collections.abc import Sequence


def leaf_digest(data: bytes) -> str:
    return hashlib.sha256(b"\0" + data).hexdigest()


def root_of(leaves: Sequence[str]) -> str:
    """The root over one or more leaf digests."""
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return _node(root_of(leaves[:split]), root_of(leaves[split:]))


def inclusion_path(leaves: Sequence[str], index: int) -> list[str]:
    """The digests, from the leaf upwards, that lead from the leaf at `index` to the root (RFC 9162 section 2.1.3.1)."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_path(leaves[:split], index), root_of(leaves[split:])]
    return [*inclusion_path(leaves[split:], index - split), root_of(leaves[:split])]


def root_from_path(leaf: str, *, index: int, size: int, path: Sequence[str]) -> str | None:
    """The root that `path` leads to, or None if it does not fit a tree of `size` leaves (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    last, digest = size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if index % 2 or index == last:
            digest = _node(sibling, digest)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            digest = _node(digest, sibling)
        index, last = index >> 1, last >> 1
    return digest if last == 0 else None


def _split(size: int) -> int:
    """The largest power of two that is smaller than `size`."""
    return int(1 << ((size - 1).bit_length() - 1))


def _node(left: str, right: str) -> str:
    return hashlib.sha256(b"\1" + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()
