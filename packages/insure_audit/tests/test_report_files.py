"""What stands in the files, whatever the data holds."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation
from pypdf import PdfReader

from insure_audit.models import Report
from insure_audit.public import Cell, Column
from insure_audit.reports.csv_file import write_csv
from insure_audit.reports.kinds import register_report_kinds, report_kinds
from insure_audit.reports.pdf_file import report_pdf
from insure_common.money import Money
from insure_common.testing.members.models import Member


def written(columns, *rows):
    file = BytesIO()
    write_csv(file, columns=columns, rows=rows)
    return file.getvalue().decode()


def read(text):
    return list(csv.reader(StringIO(text, newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", " =", "\t ="])  # noqa: RUF001
def test_no_text_is_a_formula(start):
    text = f'{start}HYPERLINK("http://x","y")'
    assert read(written([Column(text)], [text])) == [[f"'{text}"], [f"'{text}"]]


def test_separator_within_a_text_begins_no_cell_in_any_locale():
    assert written([Column("A")], ['x;=1+1,"y"']) == '"A"\r\n"x;=1+1,""y"""\r\n'


@pytest.mark.parametrize(
    ("cell", "value", "text"),
    [
        (Cell.TEXT, "Ñandú", '"Ñandú"'),
        (Cell.TEXT, "", '""'),
        (Cell.TEXT, "'", '"\'"'),
        (Cell.DATE, date(2026, 11, 27), '"2026-11-27"'),
        (Cell.DATE, datetime(2026, 11, 28, 4, 59, 59, tzinfo=UTC), '"2026-11-27 23:59:59"'),
        (Cell.MONEY, Money(-1_234_567_05), "-1234567.05"),
        (Cell.MONEY, Money(0), "0.00"),
        (Cell.MONEY, Money(5), "0.05"),
        (Cell.INTEGER, -7, "-7"),
        (Cell.INTEGER, None, '""'),
    ],
)
def test_cells_are_written_by_the_type_of_their_column(cell, value, text):
    assert written([Column("A", cell)], [value]) == f'"A"\r\n{text}\r\n'


@pytest.mark.parametrize("cell", [Cell.DATE, Cell.MONEY, Cell.INTEGER])
def test_text_in_a_column_of_another_type_is_refused(cell):
    with pytest.raises((AttributeError, TypeError)):
        written([Column("A", cell)], ["=1+1"])


def test_money_is_exact():
    amounts = [Money(10**13 + 1), Money(1)]
    lines = read(written([Column("A", Cell.MONEY)], *([amount] for amount in amounts)))
    assert sum(Decimal(line[0]) for line in lines[1:]) == Decimal("100000000000.02")


@pytest.fixture
def pdf(db):
    """The text of each page of a PDF of these rows."""
    member = Member.objects.create(email="ana@example.com", full_name="Ana <b>Ruiz")
    report = Report(
        kind="tests.members", format="PDF", parameters={}, requested_by=member, is_masked=True, language="es"
    )

    def pdf(*rows):
        content = report_pdf(report=report, kind=report_kinds()["tests.members"], rows=rows)
        assert content == report_pdf(report=report, kind=report_kinds()["tests.members"], rows=rows)
        return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]

    return pdf


def test_pdf_says_who_asked_and_when_and_repeats_its_head(pdf):
    with translation.override("es"):
        pages = pdf(*[("Luz <i>&", "1", date(2026, 1, 31), 2, Money(1_000_00), "COP")] * 100)
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert f"Página {number} de {len(pages)}" in page
        assert "Solicitado por Ana <b>Ruiz" in page
        assert all(title in page for title in ("MEMBERS", "Name", "Document", "Price"))
    text = "\n".join(pages)
    assert text.count("Luz <i>&") == 100
    assert "31/01/2026" in text
    assert "Enmascarados" in pages[0]


def test_pdf_ends_with_totals_by_currency(pdf):
    pesos = ("Luz", "1", None, 2, Money(1_000_00), "COP")
    dollars = ("Luz", "1", None, 3, Money(-50, "USD"), "USD")
    (page,) = pdf(pesos, dollars, pesos)
    cop, usd = page[page.index("Total COP") :].split("Total USD")
    assert "4" in cop
    assert "2.000" in cop
    assert "3" in usd
    assert "0,50" in usd


def test_pdf_of_nothing_says_so(pdf):
    with translation.override("en"):
        (page,) = pdf()
    assert "There is nothing to report." in page


def test_kinds_are_declared_once_under_a_stable_name():
    kind = report_kinds()["tests.members"]
    for name in ("tests.members", "Members", "tests.Members"):
        with pytest.raises(ImproperlyConfigured):
            register_report_kinds({name: kind})
