"""Text and tables of ReportLab for what our documents need of them, at a third of the price.

`Paragraph` parses markup, which none of our texts may have, and `Table` measures and draws each cell on its own.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from reportlab.lib.colors import Color
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.textobject import PDFTextObject
from reportlab.platypus import Flowable

from insure_common.documents.text import LONGEST_TEXT, drawable

SLACK: dict[object, float] = {TA_RIGHT: 1.0, TA_CENTER: 0.5}
"""The part of a line's free space that stands before it."""


class Text(Flowable):
    """A text in one style, literal, broken into lines."""

    def __init__(self, text: object, style: ParagraphStyle, limit: int = LONGEST_TEXT) -> None:
        super().__init__()
        self._text, self._style = drawable(text, limit), style
        self._lines: list[str] = []

    def wrap(self, available_width: float, _available_height: float) -> tuple[float, float]:
        # A long table is wrapped again on each of its pages.
        if available_width != self.width:
            self._lines = _lines(self._text, self._style, available_width)
        self.width, self.height = available_width, len(self._lines) * self._style.leading
        return self.width, self.height

    def draw(self) -> None:
        pen = self.canv.beginText()
        self.write(pen, 0, self.height)
        self.canv.drawText(pen)

    def write(self, pen: PDFTextObject, left: float, top: float) -> None:
        """Write the lines, as they were wrapped, from this corner on."""
        style, slack = self._style, SLACK.get(self._style.alignment, 0)
        pen.setFont(style.fontName, style.fontSize)
        pen.setFillColor(style.textColor)
        for number, line in enumerate(self._lines):
            indent = slack and slack * (self.width - _width(line, style))
            pen.setTextOrigin(left + indent, top - style.fontSize - number * style.leading)
            pen.textOut(line)


class Grid(Flowable):
    """Rows of cells, each of texts below one another; a page ends between two rows.

    `padding` is that of each cell: top, right, bottom, left. A `head` repeats on every page.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[Sequence[Text]]],
        widths: Sequence[float],
        *,
        padding: tuple[float, float, float, float],
        head: Color | None = None,
        rule: Color | None = None,
        card: Color | None = None,
        is_centred: bool = False,
    ) -> None:
        super().__init__()
        self._rows, self._widths, self._padding = rows, widths, padding
        self._look: dict[str, Any] = {"head": head, "rule": rule, "card": card, "is_centred": is_centred}
        self._heights: list[float] = []

    def wrap(self, _available_width: float, _available_height: float) -> tuple[float, float]:
        top, right, bottom, left = self._padding
        self._heights = []
        for row in self._rows:
            for cell, width in zip(row, self._widths, strict=True):
                for text in cell:
                    text.wrap(width - left - right, 0)
            self._heights.append(top + bottom + max(_height(cell) for cell in row))
        self.width, self.height = sum(self._widths), sum(self._heights)
        return self.width, self.height

    def split(self, _available_width: float, available_height: float) -> list[Flowable]:
        head = 1 if self._look["head"] else 0
        fitting = sum(height <= available_height for height in accumulate(self._heights))
        if fitting <= head:
            return []
        parts = self._rows[:fitting], [*self._rows[:head], *self._rows[fitting:]]
        return [Grid(rows, self._widths, padding=self._padding, **self._look) for rows in parts]

    def draw(self) -> None:
        canvas, look = self.canv, self._look
        if look["card"]:
            canvas.setFillColor(look["card"])
            canvas.roundRect(0, 0, self.width, self.height, 6, stroke=0, fill=1)
        if look["head"]:
            canvas.setFillColor(look["head"])
            canvas.rect(0, self.height - self._heights[0], self.width, self._heights[0], stroke=0, fill=1)
        tops = [self.height - below for below in accumulate(self._heights, initial=0)]
        if look["rule"]:
            canvas.setStrokeColor(look["rule"])
            canvas.setLineWidth(0.5)
            canvas.lines([(0, y, self.width, y) for y in tops[2:]])
        pen = canvas.beginText()
        for row, top, height in zip(self._rows, tops, self._heights, strict=False):
            self._write_row(pen, row, top, height)
        canvas.drawText(pen)

    def _write_row(self, pen: PDFTextObject, row: Sequence[Sequence[Text]], top: float, height: float) -> None:
        above, _, below, before = self._padding
        for cell, left in zip(row, accumulate(self._widths, initial=0), strict=False):
            free = height - above - below - _height(cell) if self._look["is_centred"] else 0
            y = top - above - free / 2
            for text in cell:
                text.write(pen, left + before, y)
                y -= text.height


def _height(cell: Sequence[Text]) -> float:
    return sum(text.height for text in cell)


def _width(line: str, style: ParagraphStyle) -> float:
    return stringWidth(line, style.fontName, style.fontSize)


def _lines(text: str, style: ParagraphStyle, width: float) -> list[str]:
    """Break between words, not at a space that does not break, and within a word that has no room on its own line."""
    if _width(text, style) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if _width(longer, style) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while _width(word, style) > width:
            end = next(end for end in range(len(word) - 1, 0, -1) if end == 1 or _width(word[:end], style) <= width)
            lines.append(word[:end])
            word = word[end:]
        line = word
    return [*lines, line]
