"""A report as PDF: the letterhead, what was asked by whom and when, and one table with its totals."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import LETTER, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Spacer

from insure_audit.models import Report
from insure_audit.reports.kinds import Cell, ReportKind, Row
from insure_common.documents.flowables import Text
from insure_common.documents.layout import BODY, BRAND, MARGIN, NOTE, build_pdf, fact_sheet, ruled_table
from insure_common.documents.text import local_time
from insure_common.money import Money
from insure_common.people import people

PAGE = landscape(LETTER)
WIDTH = PAGE[0] - 2 * MARGIN
CELL = ParagraphStyle("cell", parent=BODY, fontSize=7.5, leading=9.5)
NUMBER = ParagraphStyle("number", parent=CELL, alignment=TA_RIGHT)
TOTAL = ParagraphStyle("total cell", parent=CELL, fontName="Helvetica-Bold", textColor=BRAND)
TOTAL_NUMBER = ParagraphStyle("total number", parent=TOTAL, alignment=TA_RIGHT)
NUMBERS = (Cell.MONEY, Cell.INTEGER)
PADDING = (3, 4, 4, 4)
SIDES = PADDING[1] + PADDING[3] + 0.1
LONGEST_WORDS = (150, 110, 90, 70, 50, 30)
"""Points: the first for which the words of all columns leave room on the page; longer words of a text are broken."""
ROOM_FOR_WORDS = 0.9


def report_pdf(*, report: Report, kind: ReportKind, rows: Sequence[Row]) -> bytes:
    """The PDF in the language in force."""
    asked = {"name": _requester(report), "moment": local_time(report.created_at)}
    return build_pdf(
        title=str(kind.title),
        number=" - ".join(_shown(value) for value in _asked(report, kind).values()),
        story=[fact_sheet(_facts(report, kind, rows), width=WIDTH), Spacer(0, 6 * mm), *_table(kind, rows)],
        pagesize=PAGE,
        note=_("Requested by %(name)s on %(moment)s (Bogota)") % asked,
        lang=translation.get_language(),
    )


def _requester(report: Report) -> str:
    person = people().get(report.requested_by_id)
    return person.full_name if person else ""


def _asked(report: Report, kind: ReportKind) -> dict[str, Any]:
    return kind.valid(report.parameters)


def _facts(report: Report, kind: ReportKind, rows: Sequence[Row]) -> list[tuple[str, str]]:
    facts = [
        *((str(kind.parameters().fields[name].label), _shown(value)) for name, value in _asked(report, kind).items()),
        (_("Requested by"), _requester(report)),
        (_("Requested on (Bogota)"), local_time(report.created_at)),
        (_("Rows"), str(len(rows))),
        (_("Report"), str(report.pk)),
    ]
    if any(column.is_personal for column in kind.columns):
        facts.append((_("Personal data"), _("Masked") if report.is_masked else _("Shown")))
    return facts


def _table(kind: ReportKind, rows: Sequence[Row]) -> list[Flowable]:
    if not rows:
        return [Text(_("There is nothing to report."), NOTE)]
    are_numbers = [column.cell in NUMBERS for column in kind.columns]
    styles = [NUMBER if is_number else CELL for is_number in are_numbers]
    total_styles = [TOTAL_NUMBER if is_number else TOTAL for is_number in are_numbers]
    head = [str(column.title) for column in kind.columns]
    texts = [[_shown(value) for value in row] for row in rows]
    totals = [[_shown(value) for value in row] for row in _totals(kind, rows)]
    return [
        ruled_table(
            head=head,
            rows=[*(_cells(row, styles) for row in texts), *(_cells(row, total_styles) for row in totals)],
            widths=_widths(kind, head, [*texts, *totals]),
            right=[at for at, is_number in enumerate(are_numbers) if is_number],
            width=WIDTH,
            padding=PADDING,
        )
    ]


def _widths(kind: ReportKind, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    """The part of the page of each column: room for its words, but for long ones in a text; more for long texts."""
    columns = list(zip(head, *rows, strict=True))
    words = [max(map(_measured, " ".join(column).split(" "))) for column in columns]
    titles = [max(map(_measured, title.split(" "))) for title in head]
    least = words
    for longest in LONGEST_WORDS:
        least = [
            SIDES + (max(title, min(word, longest)) if column.cell == Cell.TEXT else word)
            for column, word, title in zip(kind.columns, words, titles, strict=True)
        ]
        if sum(least) < ROOM_FOR_WORDS * WIDTH:
            break
    wished = [SIDES + max(map(_measured, column)) - width for column, width in zip(columns, least, strict=True)]
    free = WIDTH - sum(least)
    spare = max(0, free - sum(wished)) / len(columns)
    part = (free - spare * len(columns)) / (sum(wished) or 1)
    return [(width + wish * part + spare) / WIDTH for width, wish in zip(least, wished, strict=True)]


def _measured(text: str) -> float:
    return stringWidth(text, TOTAL.fontName, TOTAL.fontSize)


def _totals(kind: ReportKind, rows: Sequence[Row]) -> list[Row]:
    summed = [at for at, column in enumerate(kind.columns) if column.has_total]
    if not summed:
        return []
    sums: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        currency = next((value.currency for value in row if isinstance(value, Money)), "")
        for at in summed:
            value = row[at]
            sums[currency][at] += value.amount_in_cents if isinstance(value, Money) else value or 0
    totals: list[Row] = []
    for currency, of_column in sorted(sums.items()):
        cells: list[Any] = [None] * len(kind.columns)
        for at, value in of_column.items():
            cells[at] = Money(value, currency) if kind.columns[at].cell == Cell.MONEY else value
        cells[0] = f"{_('Total')} {currency}".strip()
        totals.append(cells)
    return totals


def _cells(row: Sequence[str], styles: Sequence[ParagraphStyle]) -> list[list[Text]]:
    return [[Text(text, style)] for text, style in zip(row, styles, strict=True)]


def _shown(value: Any) -> str:
    """As people write it, a number in one piece."""
    if isinstance(value, Money):
        return value.display(always_cents=True).replace(" ", "\xa0")
    if isinstance(value, datetime):
        return local_time(value)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return "" if value is None else str(value)
