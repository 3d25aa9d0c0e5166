"""Rows are validated one by one; a bad one is set aside with its reason and the rest goes on."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from insure_common import clock
from insure_integrations.clients.base import CoreModel
from insure_integrations.models import SyncQuarantine, SyncRun

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Key = tuple[datetime, str]
"""The order of a walk: (updated_at, reference)."""


@dataclass(frozen=True, slots=True)
class SortedRows:
    """The rows of one page: `valid` ones, each reference once, and (reference, reason) of the refused ones."""

    valid: list[Any]
    refused: list[tuple[str, str]]
    keys: list[Key]


def sort_rows(rows: Sequence[Any], parse: type[CoreModel]) -> SortedRows:
    """Validate the raw rows of a page; of two rows with one reference the later is refused."""
    valid: dict[str, Any] = {}
    refused: list[tuple[str, str]] = []
    keys: list[Key] = []
    for raw in rows:
        try:
            row: Any = parse.model_validate(raw)
        except ValidationError as error:
            refused.append((_reference_of(raw), _reason(error)))
            continue
        keys.append((row.updated_at, row.reference))
        if row.reference in valid:
            refused.append((row.reference, "the reference comes twice"))
        else:
            valid[row.reference] = row
    return SortedRows(valid=list(valid.values()), refused=refused, keys=keys)


def keep_quarantine(*, run: SyncRun, accepted: Sequence[Any], refused: Sequence[tuple[str, str]]) -> None:
    """Bring the quarantine to what this page shows: refused rows in, rows that are accepted now out."""
    now, reasons = clock.now(), dict(refused)
    released = {row.reference for row in accepted} - reasons.keys()
    SyncQuarantine.objects.filter(job=run.job, reference__in=released).delete()
    SyncQuarantine.objects.bulk_create(
        (
            SyncQuarantine(job=run.job, reference=reference, reason=reason[:500], run=run, refused_at=now)
            for reference, reason in reasons.items()
        ),
        update_conflicts=True,
        unique_fields=["job", "reference"],
        update_fields=["reason", "run", "refused_at"],
    )


def _reference_of(raw: Any) -> str:
    """The row's reference, or its digest where it has none, so that the same row is the same row next time."""
    reference = raw.get("reference") if isinstance(raw, dict) else None
    if isinstance(reference, str) and _REFERENCE.fullmatch(reference):
        return reference
    return f"row:{hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:16]}"


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems[:10])
