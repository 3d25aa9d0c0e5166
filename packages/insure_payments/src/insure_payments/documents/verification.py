"""The foot of a document by which anybody can check it: a QR code and its link."""

import re

from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, TopPadder

from insure_common.documents.layout import BRAND, INK, MUTED, RULE
from insure_payments.documents.qr import qr_rows

SIDE, HEIGHT, GAP = 26 * mm, 32 * mm, 6 * mm
FONT, BOLD = "Helvetica", "Helvetica-Bold"


class VerificationFoot(Flowable):
    def __init__(self, link: str) -> None:
        super().__init__()
        self._link = link

    def wrap(self, available_width: float, _available_height: float) -> tuple[float, float]:
        self.width, self.height = available_width, HEIGHT
        return self.width, self.height

    def draw(self) -> None:
        canvas, left = self.canv, SIDE + GAP
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        canvas.line(0, HEIGHT, self.width, HEIGHT)
        canvas.setFillColor(INK)
        canvas.addLiteral(_drawing(qr_rows(self._link), SIDE))
        middle = SIDE / 2
        canvas.setFont(BOLD, 9.5)
        canvas.drawString(left, middle + 5 * mm, _("Verify this receipt at"))
        size = min(8.5, 8.5 * (self.width - left) / stringWidth(self._link, FONT, 8.5))
        canvas.setFont(FONT, size)
        canvas.setFillColor(BRAND)
        canvas.drawString(left, middle - 0.5 * mm, self._link)
        width = stringWidth(self._link, FONT, size)
        canvas.linkURL(self._link, (left, middle - 2 * mm, left + width, middle + 3 * mm), relative=1)
        canvas.setFont(FONT, 8)
        canvas.setFillColor(MUTED)
        canvas.drawString(left, middle - 6 * mm, _("or scan the code with the camera of a phone."))


def verification_foot(link: str) -> Flowable:
    """At the bottom of the page, the code at the left."""
    return TopPadder(VerificationFoot(link))


def _drawing(rows: list[str], side: float) -> str:
    """PDF operators that fill the dark modules, runs of a row as one: hundreds of calls of the canvas are slow."""
    count = len(rows)
    runs = (
        f"{run.start()} {count - number} {run.end() - run.start()} 1 re"
        for number, row in enumerate(rows, start=1)
        for run in re.finditer("1+", row)
    )
    return f"q {side / count:.4f} 0 0 {side / count:.4f} 0 0 cm\n" + "\n".join(runs) + "\nf Q"
