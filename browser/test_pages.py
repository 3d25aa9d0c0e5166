"""What a client sees outside the app: the pages of providers, the way back, documents and their public check, mails."""

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Error, expect

from browser.visit import PHOTOGRAPHS

COMPANY = "Seguros Cordillera S.A."
VERIFIED = {
    "es-CO": ("Pagado", "El archivo que guardamos es el que se emitió"),
    "en-US": ("Settled", "The file that we keep is the one that was issued"),
}
UNKNOWN = {"es-CO": "Ningún documento tiene este código.", "en-US": "No document has this code."}


def test_payer_tries_again_on_the_hosted_page(client, visit):
    payment, payer = client.pay(method={"type": "CHECKOUT"}), visit()
    payer.open(payment["redirect_url"])
    expect(payer.page.get_by_role("group", name="¿Cómo quieres pagar?").get_by_role("radio")).to_have_count(4)
    payer.photograph("checkout")
    payer.press("Rechazar")
    expect(payer.page.get_by_role("main")).to_contain_text("Puedes intentar de nuevo")
    payer.photograph("checkout-declined")
    payer.page.get_by_role("radio", name="Nequi").check()
    payer.press("Aprobar")
    expect_return(payer, "checkout-return")
    client.wait_for(payment, is_approved)


@pytest.mark.parametrize("provider", ["WOMPI", "PSE"])
def test_payer_approves_at_the_bank(client, visit, provider):
    payment, payer = client.pay(method=client.pse(), provider=provider), visit()
    payer.open(payment["redirect_url"])
    expect(payer.page.get_by_role("main")).to_contain_text(payment["reference"])
    payer.photograph(f"bank-{provider.lower()}")
    payer.press("Aprobar")
    expect_return(payer, f"bank-{provider.lower()}-return")
    client.wait_for(payment, is_approved)


def test_receipt_leads_to_its_verification(client, visit):
    payment, payer = client.pay(method=client.pse()), visit()
    payer.open(payment["redirect_url"])
    payer.press("Aprobar")
    picture, text = photograph_pdf(client.receipt_of(payment), "receipt")
    assert {COMPANY, payment["reference"], "APROBADO"} <= set(text.splitlines())
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text in text.splitlines()
    for locale, sentences in VERIFIED.items():
        anybody = visit(locale)
        page = anybody.open(code.text)
        for sentence in (COMPANY, *sentences):
            expect(anybody.page.locator("body")).to_contain_text(sentence)
        anybody.photograph(f"verification-{locale}")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        with pytest.raises(Error, match="Content Security Policy"):
            anybody.page.add_script_tag(content="document.title = ''")


@pytest.mark.parametrize("locale", UNKNOWN)
def test_unknown_document(stack, visit, locale):
    anybody = visit(locale)
    anybody.open(f"{stack.state['web']}/verify/{'0' * 32}/", status=404)
    expect(anybody.page.get_by_role("heading", level=1)).to_have_text(UNKNOWN[locale])
    expect(anybody.page.get_by_role("banner")).to_contain_text(COMPANY)
    anybody.photograph(f"verification-unknown-{locale}")


def test_statement(client):
    _picture, text = photograph_pdf(client.statement(), "statement")
    assert {COMPANY, "ESTADO DE CUENTA", "Saldo final"} <= set(text.splitlines())


def test_mails(stack, client, visit):
    reader = visit()
    reader.open(f"{stack.state['sandbox']}/mail/")
    expect(reader.page.frame_locator("iframe").first.locator("body")).to_contain_text(COMPANY)
    reader.photograph("mails")


def expect_return(payer, name):
    expect(payer.page.get_by_role("heading", level=1)).to_have_text("Puede volver a la aplicación")
    payer.photograph(name)


def is_approved(payment):
    return payment["status"] == "APPROVED"


def photograph_pdf(content: bytes, name: str) -> tuple[Image.Image, str]:
    """The first page as a picture, which is kept, and its text."""
    with pypdfium2.PdfDocument(content) as document:
        page = document[0]
        picture, text = page.render(scale=2).to_pil(), page.get_textpage().get_text_bounded()
    picture.save(PHOTOGRAPHS / f"{name}.png")
    return picture, text
