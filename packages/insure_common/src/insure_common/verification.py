"""The public check of a document: what anybody learns who holds its code, and who answers for which documents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.urls import NoReverseMatch, reverse

from insure_common.conf import CommonSettings, import_dotted


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A document as it is now. Nothing in it says whose it is or what it is worth: the code may be in any hands."""

    kind: str
    title: str
    """The kind in words."""
    issuer: str
    number: str
    """As printed on the document."""
    issued_at: datetime
    status: str
    status_label: str
    is_in_force: bool
    ended_at: datetime | None
    """Since when it is no longer in force."""
    sha256: str
    """Of the file; empty until there is one."""
    is_file_intact: bool | None
    """Whether the stored file still has this digest; None where there is no file, or it cannot be read now."""


def verify(code: str) -> Verified | None:
    """Ask INSURE_COMMON["VERIFIERS"] in their order."""
    for path in CommonSettings.load().VERIFIERS:
        verifier: Callable[[str], Verified | None] = import_dotted(path)
        if verified := verifier(code):
            return verified
    return None


def verification_url(code: str) -> str:
    """The public link of a document, or nothing in a project that has no such page."""
    try:
        return CommonSettings.load().PUBLIC_BASE_URL + reverse("verify", args=[code])
    except NoReverseMatch:
        return ""
