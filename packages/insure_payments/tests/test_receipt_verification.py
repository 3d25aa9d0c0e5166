"""What anybody who holds a receipt can check, and that it says nothing of the person who paid."""

import hashlib
import re
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection
from pypdf import PdfReader

from insure_payments.enums import TransactionStatus
from insure_payments.models import Receipt
from insure_payments.services.refresh_catalog import refresh_catalog
from insure_payments.services.render_receipt import render_receipt
from insure_payments.services.settle_payment import settle_payment

pytestmark = pytest.mark.django_db

SPANISH, ENGLISH = {"Accept-Language": "es"}, {"Accept-Language": "en"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def receipt(opened, provider):
    refresh_catalog(provider="WOMPI")
    reported = provider.report("T-1", status=TransactionStatus.APPROVED, trace_code="1234567890")
    settle_payment(payment_id=opened.pk, reported=reported)
    return Receipt.objects.get(payment=opened)


@pytest.fixture
def rendered(receipt):
    return render_receipt(receipt_id=receipt.pk)


@pytest.fixture
def look(client):
    def look(receipt, *, code=None, headers=SPANISH):
        return client.get(f"/verify/{code or receipt.verification_code}/", headers=headers)

    return look


def content_of(receipt):
    with default_storage.open(receipt.path) as file:
        return file.read()


def replace_file(receipt, content):
    default_storage.delete(receipt.path)
    assert default_storage.save(receipt.path, ContentFile(content)) == receipt.path


def test_page_says_what_the_receipt_is_and_whether_its_file_is_the_issued_one(rendered, look):
    page = look(rendered)
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    text = page.content.decode()
    for expected in (
        "Recibo de pago",
        f"No. {rendered.number:08}",
        "Seguros del Valle S.A.",
        "Pagado",
        hashlib.sha256(content_of(rendered)).hexdigest(),
        "El archivo que guardamos es el que se emitió",
    ):
        assert expected in text
    assert re.search(r"Fecha de expedición \(Bogotá\)</dt><dd>\d+ de \w+ de 20\d\d a las \d\d:\d\d</dd>", text)


def test_page_speaks_english_to_who_asks_for_it(rendered, look):
    text = look(rendered, headers=ENGLISH).content.decode()
    assert '<html lang="en">' in text
    assert "Payment receipt" in text
    assert "Settled" in text


def test_json_for_who_asks_for_it(rendered, look):
    answer = look(rendered, headers=JSON)
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {
        "kind": "RECEIPT",
        "number": f"No. {rendered.number:08}",
        "issued_at": rendered.issued_at.isoformat().replace("+00:00", "Z"),
        "status": "SETTLED",
        "ended_at": None,
        "sha256": hashlib.sha256(content_of(rendered)).hexdigest(),
        "is_file_intact": True,
    }


@pytest.mark.parametrize("headers", [SPANISH, ENGLISH, JSON])
def test_nothing_on_it_is_about_the_payer_or_the_money(rendered, look, user, opened, headers):
    text = look(rendered, headers=headers).content.decode()
    line = rendered.lines[0]
    hidden = (
        *user.full_name.split(),
        user.email,
        "1099888777",
        "119.000",
        "11900000",
        opened.reference,
        "1234567890",
        line["concept"],
        line["reference"],
        str(rendered.pk),
        str(opened.pk),
    )
    assert [value for value in hidden if value and value in text] == []


def test_page_is_kept_by_nobody_and_runs_nothing(rendered, look):
    for page in (look(rendered), look(rendered, code="0" * 32), look(rendered, headers=JSON)):
        assert page["Cache-Control"] == "no-store"
        assert page["X-Robots-Tag"] == "noindex, nofollow"
        assert not page.cookies
        text = page.content.decode()
        assert not re.search(r"<script|<style|style=|onload|https?://", text)


def test_voided_payment(rendered, opened, provider, look):
    settle_payment(payment_id=opened.pk, reported=provider.report("T-1", status=TransactionStatus.VOIDED))
    answer = look(rendered, headers=JSON).json()
    reversal = rendered.transaction.entry.reversal
    assert (answer["status"], answer["ended_at"]) == (
        "VOIDED",
        reversal.posted_at.isoformat().replace("+00:00", "Z"),
    )
    assert answer["is_file_intact"] is True
    text = look(rendered).content.decode()
    assert "Anulado el (Bogotá)" in text
    assert "Pagado" not in text


def test_receipt_that_has_no_file_yet(receipt, look):
    answer = look(receipt, headers=JSON).json()
    assert (answer["sha256"], answer["is_file_intact"]) == ("", None)
    assert "todavía se está generando" in look(receipt).content.decode()


def test_file_that_was_changed_is_told_apart(rendered, look, caplog):
    content = content_of(rendered)
    replace_file(rendered, content.replace(b"%PDF-1.4", b"%PDF-1.7"))
    assert look(rendered, headers=JSON).json()["is_file_intact"] is False
    assert "ya no tiene esta huella" in look(rendered).content.decode()
    assert "stored file differs from its digest" in caplog.text


def test_file_that_was_lost_is_not_called_changed(rendered, look):
    default_storage.delete(rendered.path)
    assert look(rendered, headers=JSON).json()["is_file_intact"] is None
    assert "no se puede leer en este momento" in look(rendered).content.decode()


HOSTILE = [
    "0" * 32,
    "f" * 31,
    "f" * 33,
    "f" * 100_000,
    "%00" * 32,
    "%F0%9F%92%A3",
    "%FF%FE",
    "..%2f..%2fetc%2fpasswd",
    "a/b/c",
    "'%20OR%201=1--",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\uff10" * 32,
    "{{7*7}}",
]


@pytest.mark.parametrize("code", HOSTILE, ids=range(len(HOSTILE)))
def test_unknown_code_gets_the_same_page_or_the_one_error_shape(rendered, look, code):
    page = look(rendered, code=code)
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    text = page.content.decode()
    assert "Ningún documento tiene este código." in text
    assert "<script" not in text
    answer = look(rendered, code=code, headers=JSON)
    assert answer.status_code == 404
    assert answer.json().keys() == {"detail", "code", "correlation_id"}
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["/verify/", "/verify/no-slash", "/verify//"])
def test_whatever_is_typed_under_it_gets_the_page(client, path):
    page = client.get(path, headers=SPANISH)
    assert page.status_code == 404
    assert "Verificación de documentos" in page.content.decode()


def test_code_is_found_as_a_person_may_type_it(rendered, client):
    assert client.get(f"/verify/{rendered.verification_code.upper()}").status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete", "options", "trace"])
def test_page_can_only_be_read(rendered, client, method):
    answer = getattr(client, method)(f"/verify/{rendered.verification_code}/", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_token_is_not_even_looked_at(rendered, look):
    assert look(rendered, headers={**JSON, "Authorization": "Bearer nonsense"}).status_code == 200


def test_too_many_looks_from_one_address(rendered, look, settings):
    settings.INSURE_COMMON = {**settings.INSURE_COMMON, "THROTTLES": {"verify": "2/minute"}}
    assert [look(rendered).status_code for _ in range(3)] == [200, 200, 429]
    page = look(rendered)
    assert int(page["Retry-After"]) > 0
    assert "El documento no se puede verificar ahora" in page.content.decode()


def test_one_look_is_one_query(rendered, look, django_assert_num_queries):
    with django_assert_num_queries(1):
        look(rendered)
    with django_assert_num_queries(0):
        look(rendered, code="not-a-code")


def test_code_is_made_by_the_settling_transaction_and_cannot_be_guessed(receipt):
    with connection.cursor() as cursor:
        cursor.execute("SELECT insure_payments_verification_code() FROM generate_series(1, 2000)")
        codes = {code for (code,) in cursor.fetchall()}
    assert len(codes) == 2000
    assert all(re.fullmatch(r"[0-9a-f]{32}", code) for code in {receipt.verification_code, *codes})
    # Every one of the 128 bits is used: over 2,000 codes each is set about 1,000 times.
    for bit in range(128):
        assert 800 < sum(int(code, 16) >> bit & 1 for code in codes) < 1200


@pytest.mark.parametrize("code", ["", "f" * 31, "F" * 32, None])
def test_postgresql_refuses_a_receipt_without_a_code(receipt, code):
    with pytest.raises(IntegrityError):
        Receipt.objects.filter(pk=receipt.pk).update(verification_code=code)


def test_receipt_carries_its_link(rendered, settings):
    pdf = PdfReader(BytesIO(content_of(rendered)))
    link = f"http://127.0.0.1:8000/verify/{rendered.verification_code}/"
    text = " ".join(page.extract_text() for page in pdf.pages).replace("\n", " ")
    assert f"Verifique este recibo en {link}" in text
    assert link in [note.get_object()["/A"]["/URI"] for note in pdf.pages[-1]["/Annots"]]


def test_receipt_has_no_code_where_nobody_would_answer(receipt, settings):
    settings.ROOT_URLCONF = "insure_payments.urls"
    render_receipt(receipt_id=receipt.pk)
    receipt.refresh_from_db()
    assert "/verify/" not in PdfReader(BytesIO(content_of(receipt))).pages[-1].extract_text()
