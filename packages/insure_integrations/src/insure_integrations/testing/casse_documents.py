"""The policy document of the sandbox's insurer, as PDF."""

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from insure_integrations.testing.casse_portfolio import INSURER, PRODUCT_NAMES

NAVY, SKY, PALE, GREY = (colors.HexColor(code) for code in ("#0b3b5c", "#2a9d8f", "#eef4f7", "#667085"))
MONTHS = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
          "noviembre", "diciembre")  # fmt: skip
STATUS_NAMES = {"EN_TRAMITE": "EN TRÁMITE"}
ADDRESS = "NIT 900.555.012-3 · Cl. 72 # 10-07, Bogotá D.C. · cordillera.example"
PLAN_NAMES = {"ANUAL": "Anual", "SEMESTRAL": "Semestral", "TRIMESTRAL": "Trimestral", "MENSUAL": "Mensual"}

TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=8.5, leading=11.5)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=7, leading=9.5, textColor=GREY)
LABEL = ParagraphStyle("label", parent=TEXT, fontSize=7, leading=9, textColor=GREY)
VALUE = ParagraphStyle("value", parent=TEXT, fontName="Helvetica-Bold", fontSize=9, leading=12)
RIGHT = ParagraphStyle("right", parent=TEXT, alignment=2)
HEAD = ParagraphStyle("head", parent=TEXT, fontName="Helvetica-Bold", textColor=colors.white)
HEAD_RIGHT = ParagraphStyle("head_right", parent=HEAD, alignment=2)
SECTION = ParagraphStyle(
    "section", parent=TEXT, fontName="Helvetica-Bold", fontSize=10.5, leading=14, textColor=NAVY, spaceBefore=9
)

CONDITIONS = (
    "La presente carátula hace parte integral del contrato de seguro y se rige por las condiciones generales y "
    "particulares entregadas al tomador. La mora en el pago de la prima produce la terminación automática del contrato "
    "(artículo 1068 del Código de Comercio).",
    "El asegurado debe declarar sinceramente el estado del riesgo (artículo 1058) y dar aviso del siniestro dentro de "
    "los tres días siguientes a la fecha en que lo haya conocido o debido conocer (artículo 1075).",
    "Defensor del Consumidor Financiero: defensor@cordillera.example. Documento generado para pruebas; no constituye "
    "un contrato de seguro.",
)


def policy_document(policy: dict[str, Any]) -> bytes:
    """The policy's schedule on letter paper; the same policy gives the same bytes."""
    buffer = io.BytesIO()
    template = SimpleDocTemplate(
        buffer,
        pagesize=LETTER,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=42 * mm,
        bottomMargin=22 * mm,
        title=f"Póliza {policy['number']}",
        author=INSURER,
        invariant=True,
    )

    def letterhead(canvas: Canvas, _: Any) -> None:
        _letterhead(canvas, policy)

    template.build(_story(policy, template.width), onFirstPage=letterhead, onLaterPages=letterhead)
    return buffer.getvalue()


def _letterhead(canvas: Canvas, policy: dict[str, Any]) -> None:
    width, height = LETTER
    canvas.setFillColor(NAVY)
    canvas.rect(0, height - 30 * mm, width, 30 * mm, stroke=0, fill=1)
    canvas.setFillColor(SKY)
    canvas.rect(0, height - 31.2 * mm, width, 1.2 * mm, stroke=0, fill=1)
    for peak, tall in ((18, 9), (24, 13), (30, 8)):  # a range of mountains
        path = canvas.beginPath()
        path.moveTo((peak - 6) * mm, height - 21 * mm)
        path.lineTo(peak * mm, height - (21 - tall) * mm)
        path.lineTo((peak + 6) * mm, height - 21 * mm)
        path.close()
        canvas.setFillColor(SKY if tall < 10 else colors.white)
        canvas.drawPath(path, stroke=0, fill=1)
    canvas.setFillColor(colors.white)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(42 * mm, height - 15.5 * mm, INSURER)
    canvas.setFont("Helvetica", 8.5)
    canvas.drawString(
        42 * mm, height - 20.5 * mm, "NIT 900.555.012-3 · Cl. 72 # 10-07, Bogotá D.C. · cordillera.example"
    )
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawRightString(width - 18 * mm, height - 15.5 * mm, f"Póliza {policy['number']}")
    canvas.setFillColor(GREY)
    canvas.setFont("Helvetica", 7)
    canvas.drawString(18 * mm, 12 * mm, "Vigilado Superintendencia Financiera de Colombia (entorno de pruebas)")
    canvas.drawRightString(width - 18 * mm, 12 * mm, f"Página {canvas.getPageNumber()}")


def _story(policy: dict[str, Any], width: float) -> list[Any]:
    holder, premium = policy["holder"], policy["premium"]
    facts = [
        ("Tomador", holder["full_name"]),
        ("Documento", f"{holder['id_type']} {holder['id_number']}"),
        ("Estado", STATUS_NAMES.get(policy["status"], policy["status"])),
        ("Vigencia desde", _day(policy["starts_on"])),
        ("Vigencia hasta", _day(policy["ends_on"])),
        ("Forma de pago", PLAN_NAMES.get(policy["payment_plan"], policy["payment_plan"])),
    ]
    title = ParagraphStyle("title", parent=SECTION, fontSize=15, leading=19)
    story: list[Any] = [
        Paragraph(PRODUCT_NAMES[policy["product"]], title),
        Paragraph("Carátula de la póliza", LABEL),
        Spacer(1, 3 * mm),
        _facts(facts, width),
        Paragraph("Bienes y personas aseguradas", SECTION),
        Spacer(1, 1.5 * mm),
    ]
    insured = [(item["description"], item["identifier"]) for item in policy["insured"]]
    story.append(_table(["Descripción", "Identificación"], insured, [width * 0.6, width * 0.4], numbers=0))
    story += [Paragraph("Amparos", SECTION), Spacer(1, 1.5 * mm)]
    coverages = [
        (item["name"], _money(item["insured_amount"]), _money(item["deductible"]), _money(item["premium"]))
        for item in policy["coverages"]
    ]
    columns = [width * 0.43, width * 0.21, width * 0.18, width * 0.18]
    story.append(_table(["Amparo", "Valor asegurado", "Deducible", "Prima anual"], coverages, columns, numbers=3))
    story += [Spacer(1, 4 * mm), _totals(premium, width), Paragraph("Condiciones", SECTION), Spacer(1, 1 * mm)]
    for condition in CONDITIONS:
        story += [Paragraph(condition, SMALL), Spacer(1, 1.2 * mm)]
    return story


def _facts(facts: list[tuple[str, str]], width: float) -> Table:
    cells = [[Paragraph(label.upper(), LABEL), Paragraph(escape(value), VALUE)] for label, value in facts]
    table = Table([cells[:3], cells[3:]], colWidths=[width / 3] * 3)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), PALE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 8),
                ("TOPPADDING", (0, 0), (-1, -1), 5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )
    return table


def _table(head: list[str], rows: Sequence[tuple[str, ...]], widths: list[float], *, numbers: int) -> Table:
    """A table whose last `numbers` columns are aligned to the right."""
    first_number = len(head) - numbers
    cells = [[Paragraph(text, HEAD_RIGHT if i >= first_number else HEAD) for i, text in enumerate(head)]]
    cells += [
        [Paragraph(escape(text), RIGHT if i >= first_number else TEXT) for i, text in enumerate(row)] for row in rows
    ]
    table = Table(cells, colWidths=widths, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), NAVY),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, PALE]),
                ("LINEBELOW", (0, -1), (-1, -1), 0.6, NAVY),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ]
        )
    )
    return table


def _totals(premium: dict[str, str], width: float) -> Table:
    rows = [("Prima neta", premium["net"]), ("IVA", premium["tax"]), ("Total a pagar (COP)", premium["total"])]
    cells: list[list[Any]] = [["", Paragraph(label, TEXT), Paragraph(_money(value), RIGHT)] for label, value in rows]
    bold = ParagraphStyle("bold_right", parent=VALUE, alignment=2)
    cells[-1] = ["", Paragraph(rows[-1][0], VALUE), Paragraph(_money(rows[-1][1]), bold)]
    table = Table(cells, colWidths=[width * 0.5, width * 0.28, width * 0.22])
    table.setStyle(TableStyle([("LINEABOVE", (1, -1), (-1, -1), 0.8, NAVY), ("TOPPADDING", (0, 0), (-1, -1), 2)]))
    return table


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} de {MONTHS[day.month - 1]} de {day.year}"


def _money(text: str) -> str:
    return "$ " + f"{Decimal(text):,.0f}".replace(",", ".")
