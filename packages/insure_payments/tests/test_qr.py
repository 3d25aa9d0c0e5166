"""Our cheap symbols are those that ReportLab's encoder draws."""

import secrets

import pytest
from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel

from insure_payments.documents.qr import qr_rows


@pytest.mark.parametrize("length", [0, 1, 14, 15, 60, 84, 85, 180, 181, 250])
def test_symbol_is_the_one_of_the_standard(length):
    text = secrets.token_urlsafe(length)[:length]
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(QR8bitByte(text))
    code.version = code.calculate_version()
    code.makeImpl(False, 0)
    assert qr_rows(text) == ["".join(str(int(bool(dark))) for dark in row) for row in code.modules]


def test_symbol_of_text_beyond_ascii():
    assert qr_rows("https://ejemplo.co/pólizas/ñ") != qr_rows("https://ejemplo.co/polizas/n")
