"""The look that all documents share: letterhead, colours, type, footer."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table, TableStyle

from insure_common.conf import CommonSettings
from insure_common.documents.text import drawable, plain

INK, MUTED, BRAND, ACCENT = HexColor("#1d2939"), HexColor("#667085"), HexColor("#0b3b5c"), HexColor("#2a9d8f")
RULE, SHADE, GOOD = HexColor("#d9dee5"), HexColor("#f4f6f9"), HexColor("#0f7a4d")

MARGIN = 18 * mm
WIDTH = LETTER[0] - 2 * MARGIN
HEADER_HEIGHT, FOOTER_HEIGHT = 30 * mm, 20 * mm

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9.5, leading=13, textColor=INK)
STRONG = ParagraphStyle("strong", parent=BODY, fontName="Helvetica-Bold")
RIGHT = ParagraphStyle("right", parent=BODY, alignment=TA_RIGHT)
RIGHT_STRONG = ParagraphStyle("right strong", parent=STRONG, alignment=TA_RIGHT)
LABEL = ParagraphStyle("label", parent=BODY, fontSize=7.5, leading=10, textColor=MUTED)
HEAD = ParagraphStyle("head", parent=LABEL, fontName="Helvetica-Bold", textColor=white)
HEAD_RIGHT = ParagraphStyle("head right", parent=HEAD, alignment=TA_RIGHT)
NOTE = ParagraphStyle("note", parent=BODY, fontSize=8, leading=11, textColor=MUTED)
TOTAL = ParagraphStyle("total", parent=RIGHT_STRONG, fontSize=12, leading=16, textColor=BRAND)
HERO = ParagraphStyle("hero", parent=STRONG, fontSize=24, leading=30, textColor=BRAND)
BADGE = ParagraphStyle("badge", parent=STRONG, fontSize=9, leading=11, textColor=white, alignment=TA_CENTER)


def build_pdf(
    *,
    title: str,
    number: str,
    story: Sequence[Flowable],
    pagesize: tuple[float, float] = LETTER,
    note: str = "",
    lang: str = "es-CO",
) -> bytes:
    """Lay the story out under the letterhead, with `note` in the footer. The same input gives the same bytes."""
    company = CommonSettings.load().COMPANY
    output = BytesIO()
    document = BaseDocTemplate(
        output, pagesize=pagesize, title=f"{title} {number}", author=company.name, invariant=1, lang=lang
    )
    frame = Frame(
        MARGIN,
        FOOTER_HEIGHT,
        pagesize[0] - 2 * MARGIN,
        pagesize[1] - HEADER_HEIGHT - FOOTER_HEIGHT,
        leftPadding=0,
        rightPadding=0,
        topPadding=8 * mm,
        bottomPadding=0,
    )

    def decorate(canvas: Canvas, _document: Any) -> None:
        _draw_letterhead(canvas, pagesize, title=title, number=number)

    document.addPageTemplates([PageTemplate(id="page", frames=[frame], onPage=decorate)])
    canvasmaker = partial(_CountingCanvas, note=note or _("Issued electronically; valid without signature."))
    document.build(list(story), canvasmaker=canvasmaker)
    return output.getvalue()


class _CountingCanvas(Canvas):
    """Draws the footers when all pages are laid out, because each says how many there are."""

    def __init__(self, *args: Any, note: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._note = note
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 ReportLab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined] # not in its stubs

    def save(self) -> None:
        for page in self._pages:
            self.__dict__.update(page)
            _draw_footer(self, self._note, pages=len(self._pages))
            super().showPage()
        super().save()


def _draw_letterhead(canvas: Canvas, pagesize: tuple[float, float], *, title: str, number: str) -> None:
    company, (width, height) = CommonSettings.load().COMPANY, pagesize
    canvas.saveState()
    canvas.setFillColor(BRAND)
    canvas.rect(0, height - HEADER_HEIGHT, width, HEADER_HEIGHT, stroke=0, fill=1)
    canvas.setFillColor(ACCENT)
    canvas.rect(0, height - HEADER_HEIGHT, width, 1.2 * mm, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 17)
    canvas.drawString(MARGIN, height - 15 * mm, company.name)
    canvas.setFont("Helvetica", 8.5)
    details = [f"NIT {company.tax_id}" if company.tax_id else "", company.address, company.contact]
    canvas.drawString(MARGIN, height - 22 * mm, "  ·  ".join(filter(None, details)))
    canvas.setFont("Helvetica-Bold", 12)
    canvas.drawRightString(width - MARGIN, height - 15 * mm, title.upper())
    canvas.setFont("Helvetica", 10)
    canvas.drawRightString(width - MARGIN, height - 22 * mm, number)
    canvas.restoreState()


def _draw_footer(canvas: Any, note: str, *, pages: int) -> None:
    width, _height = canvas._pagesize
    canvas.saveState()
    canvas.setStrokeColor(RULE)
    canvas.line(MARGIN, 15 * mm, width - MARGIN, 15 * mm)
    canvas.setFillColor(MUTED)
    canvas.setFont("Helvetica", 7.5)
    canvas.drawString(MARGIN, 10.5 * mm, drawable(note))
    page = _("Page %(number)s of %(pages)s") % {"number": canvas.getPageNumber(), "pages": pages}
    canvas.drawRightString(width - MARGIN, 10.5 * mm, page)
    canvas.restoreState()


def hero(*, label: str, figure: str, caption: str, badge: str = "") -> Table:
    """The one figure that the document is about, large, with a green badge at the right."""
    text = [Paragraph(plain(label), LABEL), Paragraph(plain(figure), HERO), Paragraph(plain(caption, 300), NOTE)]
    pill = [_pill(badge)] if badge else []
    table = Table([[text, pill]], colWidths=[WIDTH - 32 * mm, 32 * mm])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return table


def _pill(text: str) -> Table:
    pill = Table([[Paragraph(plain(text.upper()), BADGE)]], colWidths=[32 * mm])
    pill.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), GOOD),
                ("ROUNDEDCORNERS", [9, 9, 9, 9]),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )
    return pill


def fact_sheet(facts: Sequence[tuple[str, str]], *, width: float = WIDTH) -> Table:
    """Label over value, two columns, on a shaded card."""
    cells = [[Paragraph(plain(label), LABEL), Paragraph(plain(value), STRONG)] for label, value in facts]
    rows = [[cells[at], cells[at + 1] if at + 1 < len(cells) else ""] for at in range(0, len(cells), 2)]
    sheet = Table(rows, colWidths=[width / 2, width / 2])
    sheet.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), SHADE),
                ("ROUNDEDCORNERS", [6, 6, 6, 6]),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 12),
                ("TOPPADDING", (0, 0), (-1, -1), 5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )
    return sheet


def ruled_table(
    *, head: Sequence[str], rows: Sequence[Sequence[Any]], widths: Sequence[float], amounts_from: int
) -> Table:
    """Columns under a dark head that repeats on every page; those from `amounts_from` on are amounts."""
    titles = [
        Paragraph(plain(text), HEAD_RIGHT if column >= amounts_from else HEAD) for column, text in enumerate(head)
    ]
    table = Table([titles, *map(list, rows)], colWidths=[WIDTH * part for part in widths], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), BRAND),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 1), (-1, -1), 0.5, RULE),
                ("TOPPADDING", (0, 0), (-1, -1), 5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
                ("LEFTPADDING", (0, 0), (-1, -1), 8),
                ("RIGHTPADDING", (0, 0), (-1, -1), 8),
            ]
        )
    )
    return table


def totals_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Amounts that add up, at the right; the last one is the total."""
    cells = [[Paragraph(plain(label), RIGHT), Paragraph(plain(value), RIGHT)] for label, value in rows[:-1]]
    label, value = rows[-1]
    cells.append([Paragraph(plain(label), RIGHT_STRONG), Paragraph(plain(value), TOTAL)])
    table = Table(cells, colWidths=[WIDTH * 0.68, WIDTH * 0.32])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("RIGHTPADDING", (0, 0), (-1, -1), 8),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, -1), (-1, -1), 6),
            ]
        )
    )
    return table
