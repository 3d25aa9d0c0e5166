"""A report as CSV: RFC 4180, UTF-8, amounts as exact decimals, and nothing that a spreadsheet takes for a formula."""

import csv
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from io import TextIOWrapper
from operator import index
from typing import IO, Any

from insure_audit.reports.kinds import Cell, Column, Row
from insure_common import clock
from insure_common.money import Money

FORMULA_STARTS = frozenset("=+-@\t\r\n\0＝＋－＠")  # noqa: RUF001 spreadsheets know the full-width ones too


def write_csv(file: IO[bytes], *, columns: Iterable[Column], rows: Iterable[Row]) -> None:
    """Titles, then rows. Text is always quoted, so that no separator within begins a cell in any locale."""
    columns = list(columns)
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([harmless(str(column.title)) for column in columns])
    cells = [CELLS[column.cell] for column in columns]
    writer.writerows(
        ["" if value is None else cell(value) for cell, value in zip(cells, row, strict=True)] for row in rows
    )
    text.detach()


def harmless(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet could calculate it."""
    return f"'{text}" if FORMULA_STARTS & {text[:1], text.lstrip()[:1]} else text


def _day(value: date) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(clock.BOGOTA):%Y-%m-%d %H:%M:%S}"
    return value.isoformat()


def _decimal(value: Money) -> Decimal:
    return Decimal(value.amount_in_cents).scaleb(-2)


CELLS: dict[Cell, Callable[[Any], Any]] = {
    Cell.TEXT: lambda value: harmless(str(value)),
    Cell.DATE: _day,
    Cell.MONEY: _decimal,
    Cell.INTEGER: index,
}
"""By the type of its column a value becomes text or a number; one of another type raises."""
