"""What the doctor says about one thing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    status: Status
    detail: str
    mend: str = ""
    """What to do about it; empty where all is well."""


Check = Callable[[], Iterator[Finding]]


def fine(name: str, detail: str) -> Finding:
    return Finding(name, Status.FINE, detail)


def judged(name: str, detail: str, *, is_right: bool, mend: str, otherwise: Status = Status.WRONG) -> Finding:
    return fine(name, detail) if is_right else Finding(name, otherwise, detail, mend)


def unreachable(name: str, error: Exception, mend: str) -> Finding:
    """`error` may name a host and a port; passwords are in none of our clients' messages."""
    lines = str(error).strip().splitlines()
    return Finding(name, Status.UNREACHABLE, lines[0] if lines else type(error).__name__, mend)
