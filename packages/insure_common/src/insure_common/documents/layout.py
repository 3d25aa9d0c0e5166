"""The look that all documents share: letterhead, colours, type, footer."""

from collections.abc import Collection, Sequence
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
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from insure_common.conf import CommonSettings
from insure_common.documents.flowables import Grid, Text
from insure_common.documents.text import drawable

INK, MUTED, BRAND, ACCENT = HexColor("#1d2939"), HexColor("#667085"), HexColor("#0b3b5c"), HexColor("#2a9d8f")
RULE, SHADE, GOOD = HexColor("#d9dee5"), HexColor("#f4f6f9"), HexColor("#0f7a4d")

MARGIN = 18 * mm
WIDTH = LETTER[0] - 2 * MARGIN
HEADER_HEIGHT, FOOTER_HEIGHT = 30 * mm, 20 * mm
BADGE_WIDTH = 32 * mm

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
    canvas.setFillColor(ACCENT)
    canvas.rect(0, height - HEADER_HEIGHT, width, HEADER_HEIGHT, stroke=0, fill=1)
    canvas.setFillColor(BRAND)
    canvas.rect(0, height - HEADER_HEIGHT + 1.2 * mm, width, HEADER_HEIGHT - 1.2 * mm, stroke=0, fill=1)
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


class Hero(Flowable):
    """The one figure that the document is about, large, with a green badge at the right."""

    def __init__(self, *, label: str, figure: str, caption: str, badge: str = "") -> None:
        super().__init__()
        self._texts = Grid(
            [[[Text(label, LABEL), Text(figure, HERO), Text(caption, NOTE, 300)]]],
            [WIDTH - BADGE_WIDTH],
            padding=(3, 0, 3, 0),
        )
        self._badge = Text(badge.upper(), BADGE) if badge else None

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        self.width, (_, self.height) = WIDTH, self._texts.wrap(available_width, available_height)
        return self.width, self.height

    def draw(self) -> None:
        self._texts.drawOn(self.canv, 0, 0)
        if self._badge:
            _, height = self._badge.wrap(BADGE_WIDTH, 0)
            left, bottom = self.width - BADGE_WIDTH, (self.height - height) / 2
            self.canv.setFillColor(GOOD)
            self.canv.roundRect(left, bottom - 5, BADGE_WIDTH, height + 9, 9, stroke=0, fill=1)
            self._badge.drawOn(self.canv, left, bottom)


def fact_sheet(facts: Sequence[tuple[str, str]], *, width: float = WIDTH) -> Grid:
    """Label over value, two columns, on a shaded card."""
    cells = [[Text(label, LABEL), Text(value, STRONG)] for label, value in facts]
    rows = [[cells[at], cells[at + 1] if at + 1 < len(cells) else []] for at in range(0, len(cells), 2)]
    return Grid(rows, [width / 2, width / 2], padding=(5, 6, 5, 12), card=SHADE)


def ruled_table(
    *,
    head: Sequence[str],
    rows: Sequence[Sequence[Sequence[Text]]],
    widths: Sequence[float],
    right: Collection[int],
    width: float = WIDTH,
    padding: tuple[float, float, float, float] = (5, 8, 6, 8),
) -> Grid:
    """Columns under a dark head that repeats on every page; the titles of those in `right` stand at the right.

    `widths` are parts of the whole `width`; `padding` is that of each cell: top, right, bottom, left.
    """
    titles = [[Text(title, HEAD_RIGHT if column in right else HEAD)] for column, title in enumerate(head)]
    return Grid([titles, *rows], [width * part for part in widths], padding=padding, head=BRAND, rule=RULE)


def totals_table(rows: Sequence[tuple[str, str]]) -> Grid:
    """Amounts that add up, at the right; the last one is the total."""
    cells = [[[Text(label, RIGHT)], [Text(amount, RIGHT)]] for label, amount in rows[:-1]]
    label, total = rows[-1]
    cells.append([[Text(label, RIGHT_STRONG)], [Text(total, TOTAL)]])
    return Grid(cells, [WIDTH * 0.68, WIDTH * 0.32], padding=(3, 8, 3, 6), is_centred=True)
