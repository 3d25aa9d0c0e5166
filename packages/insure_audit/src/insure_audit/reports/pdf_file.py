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


def report_pdf(*, report: Report, kind: ReportKind, rows: Sequence[Row]) -> bytes:
    """The PDF in the language in force."""
    asked = {"name": _requester(report), "moment": local_time(report.created_at)}
    return build_pdf(
        title=str(kind.title),
        number=_parameters(report, kind),
        story=[fact_sheet(_facts(report, kind, rows), width=WIDTH), Spacer(0, 6 * mm), *_table(kind, rows)],
        pagesize=PAGE,
        note=_("Requested by %(name)s on %(moment)s (Bogota)") % asked,
        lang=translation.get_language(),
    )


def _requester(report: Report) -> str:
    person = people().get(report.requested_by_id)
    return person.full_name if person else ""


def _parameters(report: Report, kind: ReportKind) -> str:
    return " - ".join(_shown(value) for value in kind.valid(report.parameters).values())


def _facts(report: Report, kind: ReportKind, rows: Sequence[Row]) -> list[tuple[str, str]]:
    facts = [
        (_("Period"), _parameters(report, kind)),
        (_("Rows"), str(len(rows))),
        (_("Requested by"), _requester(report)),
        (_("Requested on (Bogota)"), local_time(report.created_at)),
        (_("Report"), str(report.pk)),
    ]
    if any(column.is_personal for column in kind.columns):
        facts.append((_("Personal data"), _("Masked") if report.is_masked else _("Shown")))
    return facts


def _table(kind: ReportKind, rows: Sequence[Row]) -> list[Flowable]:
    if not rows:
        return [Text(_("There is nothing to report."), NOTE)]
    columns, totals = kind.columns, _totals(kind, rows)
    whole = sum(column.width for column in columns)
    styles = [NUMBER if column.cell in NUMBERS else CELL for column in columns]
    total_styles = [TOTAL_NUMBER if column.cell in NUMBERS else TOTAL for column in columns]
    return [
        ruled_table(
            head=[str(column.title) for column in columns],
            rows=[*(_cells(row, styles) for row in rows), *(_cells(row, total_styles) for row in totals)],
            widths=[column.width / whole for column in columns],
            right=[at for at, column in enumerate(columns) if column.cell in NUMBERS],
            width=WIDTH,
            gap=4,
        )
    ]


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


def _cells(row: Row, styles: Sequence[ParagraphStyle]) -> list[list[Text]]:
    return [[Text(_shown(value), style)] for value, style in zip(row, styles, strict=True)]


def _shown(value: Any) -> str:
    """As people write it, a number in one piece."""
    if isinstance(value, Money):
        return value.display().replace(" ", "\xa0")
    if isinstance(value, datetime):
        return local_time(value)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return "" if value is None else str(value)
