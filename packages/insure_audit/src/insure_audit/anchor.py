"""Signed heads outside of the database: one small JSON file a seal, written once, in folders of 10 000.

They betray what the database alone cannot: a trail cut at its end, or one written anew with a stolen key. Keep them
where the database's administrators cannot write. Old files may be deleted; the newest are the ones that count.
"""

import json
import re
from collections.abc import Iterator

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from insure_audit.conf import AuditSettings
from insure_audit.encoding import Texts, seal_texts
from insure_audit.models import Seal

FOLDER_SIZE = 10_000
_NAME = re.compile(r"\d{12}\.json")


def anchor_storage() -> Storage | None:
    """The storage named by ANCHOR_STORAGE, or None."""
    alias = AuditSettings.load().ANCHOR_STORAGE
    return storages[alias] if alias else None


def signed_head(seal: Seal) -> Texts:
    return seal_texts(seal) | {"signature": seal.signature}


def write_anchor(seal: Seal) -> None:
    """Keep the signed head of `seal`; a head that is there already stays as it is."""
    storage = anchor_storage()
    name = f"{seal.seq // FOLDER_SIZE:08}/{seal.seq:012}.json"
    if storage and not storage.exists(name):
        storage.save(name, ContentFile(json.dumps(signed_head(seal), indent=1).encode()))


def read_anchors() -> Iterator[tuple[int, Texts]]:
    """Every anchored head with the number of its seal, the oldest first."""
    storage = anchor_storage()
    if storage is None:
        return
    try:
        folders = sorted(storage.listdir("")[0])
    except FileNotFoundError:
        return
    for folder in folders:
        for name in sorted(storage.listdir(folder)[1]):
            if not _NAME.fullmatch(name):
                continue
            with storage.open(f"{folder}/{name}") as file:
                yield int(name.removesuffix(".json")), json.load(file)
