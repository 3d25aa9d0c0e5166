"""What a receipt and a statement say, and that nothing in their data can change how."""

import hashlib
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from pypdf import PdfReader

from insure_payments.documents.statement import statement_pdf
from insure_payments.documents.words import amount_in_words
from insure_payments.enums import TransactionStatus
from insure_payments.models import Receipt
from insure_payments.selectors.statements import lines_of, statements_visible_to
from insure_payments.services.refresh_catalog import refresh_catalog
from insure_payments.services.render_receipt import render_receipt
from insure_payments.services.settle_payment import settle_payment

pytestmark = pytest.mark.django_db


def text_of(pdf):
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


@pytest.fixture
def receipt(opened, provider):
    refresh_catalog(provider="WOMPI")
    reported = provider.report("T-1", status=TransactionStatus.APPROVED, trace_code="1234567890")
    settle_payment(payment_id=opened.pk, reported=reported)
    return Receipt.objects.get(payment=opened)


def content_of(receipt):
    receipt.refresh_from_db()
    with default_storage.open(receipt.path) as file:
        return file.read()


@pytest.mark.parametrize(
    ("cents", "words"),
    [
        (100, "un peso m/cte"),
        (2_100, "veintiún pesos m/cte"),
        (3_100_000, "treinta y un mil pesos m/cte"),
        (2_100_000, "veintiún mil pesos m/cte"),
        (100_000_000, "un millón de pesos m/cte"),
        (120_000_000, "un millón doscientos mil pesos m/cte"),
        (2_100_000_000, "veintiún millones de pesos m/cte"),
        (12_345_650, "ciento veintitrés mil cuatrocientos cincuenta y seis pesos con 50/100 m/cte"),
    ],
)
def test_amount_in_words_is_good_spanish(cents, words):
    assert amount_in_words(cents) == words


def test_receipt_says_what_a_bank_would_ask_for(receipt, opened):
    render_receipt(receipt_id=receipt.pk)
    text = text_of(content_of(receipt))
    for expected in (
        f"No. {receipt.number:08}",
        "María Fernanda Gómez Ñáñez",
        "CC 1099888777",
        "Banco que aprueba",
        "1234567890",
        opened.reference,
        "Prima seguro de hogar",
        "$ 100.000",
        "$ 19.000",
        "$ 119.000 COP",
        "Ciento diecinueve mil pesos m/cte",
    ):
        assert expected in text


def test_receipt_is_rendered_once(receipt):
    render_receipt(receipt_id=receipt.pk)
    first = content_of(receipt)
    digest = receipt.sha256
    render_receipt(receipt_id=receipt.pk)
    assert content_of(receipt) == first
    assert receipt.sha256 == digest == hashlib.sha256(first).hexdigest()
    folder = receipt.path.rsplit("/", 1)[0]
    assert sum(str(receipt.pk) in name for name in default_storage.listdir(folder)[1]) == 1


def test_receipt_is_mailed_once(receipt, mailbox, drain_outbox, user):
    render_receipt(receipt_id=receipt.pk)
    render_receipt(receipt_id=receipt.pk)
    drain_outbox(reraise=False)
    (message,) = mailbox.messages(to=user.email)
    assert "$ 119.000" in message["text"]
    assert message["attachments"] == [{"filename": f"recibo-{receipt.number}.pdf", "content_type": "application/pdf"}]


def test_long_receipt_goes_on_under_the_same_head_and_loses_nothing(receipt):
    lines = [
        receipt.lines[0] | {"concept": f"Prima {number} {'larga ' * 9}", "policy": "P" * 40} for number in range(40)
    ]
    Receipt.objects.filter(pk=receipt.pk).update(lines=lines)
    render_receipt(receipt_id=receipt.pk)
    pages = [page.extract_text() for page in PdfReader(BytesIO(content_of(receipt))).pages]
    assert len(pages) > 2
    assert all("Concepto" in page for page in pages if "Prima" in page)
    assert [n for n in range(40) if f"Prima {n} " in "\n".join(pages)] == list(range(40))
    assert "".join(pages).replace("\n", "").count("P" * 40) == 40


def test_hostile_data_stays_text_in_the_receipt(receipt, user):
    hostile = '<img src="file:///etc/passwd"/><a href="http://evil">x</a>&lt;\u202e'
    type(user).objects.filter(pk=user.pk).update(full_name=hostile)
    Receipt.objects.filter(pk=receipt.pk).update(lines=[dict(receipt.lines[0], concept=hostile * 500)])
    render_receipt(receipt_id=receipt.pk)
    assert "file:///etc/passwd" in text_of(content_of(receipt))


def test_statement_says_what_the_ledger_says(receipt, user):
    statement = statements_visible_to(user).get()
    text = text_of(statement_pdf(statement=statement, lines=lines_of(statement)))
    assert "$ 119.000" in text
    assert "-$ 119.000" in text
    assert "$ 0 COP" in text
