import pytest

from insure_policies.filenames import safe_pdf_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("poliza.pdf", "poliza.pdf"),
        ("Póliza número 5", "Póliza número 5.pdf"),
        ("../../etc/passwd", "etc passwd.pdf"),
        ("..\\..\\boot.ini", "boot.ini.pdf"),
        ("%2e%2e%2fsecret", "%2e%2e%2fsecret.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie x=1.pdf"),
        ('x"; filename="y.pdf', "x ; filename= y.pdf"),
        ("nul\0byte.pdf", "nulbyte.pdf"),
        ("gnp.\u202efdp.exe", "gnp.fdp.exe.pdf"),
        ("...", "DOC-1.pdf"),
        ("   ", "DOC-1.pdf"),
        (".pdf", "pdf.pdf"),
    ],
)
def test_hostile_names_become_harmless(name, safe):
    assert safe_pdf_name(name, fallback="DOC-1") == safe


def test_long_names_are_cut():
    assert len(safe_pdf_name("x" * 500 + ".pdf", fallback="DOC-1")) == 104
