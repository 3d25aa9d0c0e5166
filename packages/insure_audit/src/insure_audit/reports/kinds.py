"""What a report is made of. Each package declares its own, so that this one knows no business tables."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.utils.functional import Promise

from insure_audit.enums import ReportFormat
from insure_audit.reports.parameters import Period
from insure_common.api.serializers import StrictSerializer
from insure_common.api.views import validated

Text = str | Promise
Row = Sequence[Any]

_NAME = re.compile(r"[a-z]+\.[a-z_]+")
_kinds: dict[str, "ReportKind"] = {}


class Cell(Enum):
    """What a column holds. None is an empty cell in each."""

    TEXT = auto()
    DATE = auto()
    """A date, or a moment, which is shown in Bogota's time."""
    MONEY = auto()
    """An `insure_common.money.Money`."""
    INTEGER = auto()


@dataclass(frozen=True, slots=True)
class Column:
    title: Text
    cell: Cell = Cell.TEXT
    mask: Callable[[str], str] | None = None
    """For a personal text: what stands for it before those who may not see it (see `insure_common.masking`)."""
    has_total: bool = False
    """A PDF ends with its sum, for each currency."""

    @property
    def is_personal(self) -> bool:
        return self.mask is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKind:
    """`query` takes the valid parameters and returns records in order, best from `values_list(..., named=True)`.

    They are read in one snapshot with a server-side cursor; `rows` takes a few thousand at a time and returns the cells
    of each, unmasked, so that it can look up in one query what belongs to all of them.
    """

    title: Text
    permission: str
    """The right to the data; besides it, whoever asks needs the right to create reports."""
    columns: tuple[Column, ...]
    query: Callable[[Mapping[str, Any]], QuerySet[Any]]
    rows: Callable[[Sequence[Any]], Iterable[Row]]
    parameters: type[StrictSerializer] = Period
    formats: tuple[ReportFormat, ...] = (ReportFormat.CSV, ReportFormat.PDF)

    def valid(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The typed parameters. Raises ValidationError by name."""
        return validated(self.parameters, parameters)


def register_report_kinds(kinds: Mapping[str, ReportKind]) -> None:
    """Declare the reports of a package in its AppConfig.ready: `{"payments.collected": ReportKind(...)}`.

    The name never changes. Raises ImproperlyConfigured for one that is not `package.name` or is declared already.
    """
    for name, kind in kinds.items():
        if not _NAME.fullmatch(name):
            raise ImproperlyConfigured(f"{name!r} is not of the form package.name")
        if name in _kinds:
            raise ImproperlyConfigured(f"{name!r} is declared twice")
        _kinds[name] = kind


def report_kinds() -> Mapping[str, ReportKind]:
    return _kinds
