"""Make docs/images/mails/: every mail as a phone shows it. Needs chromium and what `nox -s dev` installs.

python docs/photograph_mails.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "composed_settings"

import django

django.setup()

from django.template.loader import render_to_string
from django.utils import translation
from PIL import Image, ImageChops

from insure_common.conf import CommonSettings
from insure_common.money import Money
from insure_payments.models import Receipt
from insure_payments.services.start_payment import reference_of
from insure_users.enums import Purpose
from insure_users.services.notices import Notice

IMAGES = DOCS / "images" / "mails"
WIDTH, LONGEST, SCALE = 390, 1200, 1.5
CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *(f"--window-size={WIDTH},{LONGEST}", f"--force-device-scale-factor={SCALE}"),
)

RECEIPT = {
    "person": SimpleNamespace(full_name="Ana María Pérez"),
    "amount": Money(12_500_000, "COP").display(),
    "number": Receipt(number=42).printed_number,
    "reference": reference_of(UUID("0198c6a0-7c1e-7d30-9f51-3a1f0f6e2b11")),
}
MAILS: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"code-{purpose.lower()}": ("insure_users/mail/code", {"code": "482913", "purpose": purpose, "minutes": 5})
        for purpose in Purpose
    },
    "email_known": ("insure_users/mail/email_known", {}),
    **{str(notice): (f"insure_users/mail/{notice}", {}) for notice in Notice},
    "receipt": ("insure_payments/mail/receipt", RECEIPT),
}


def photograph(html: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder, "mail.html"), Path(folder, "mail.png")
        page.write_text(html)
        subprocess.run([*CHROMIUM, f"--screenshot={shot}", page.as_uri()], check=True, capture_output=True, timeout=60)
        with Image.open(shot) as image:
            mail = image.convert("RGB")
    background = Image.new("RGB", mail.size, mail.getpixel((0, mail.height - 1)))
    _left, _top, _right, bottom = ImageChops.difference(mail, background).getbbox()
    mail.crop((0, 0, mail.width, int(bottom + 24 * SCALE))).quantize(48).save(target, optimize=True)


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    company = CommonSettings.load().COMPANY
    for name, language in [*((name, "es") for name in MAILS), ("code-login", "en")]:
        template, context = MAILS[name]
        with translation.override(language):
            photograph(
                render_to_string(f"{template}.html", {"company": company, **context}), IMAGES / f"{name}-{language}.png"
            )


if __name__ == "__main__":
    main()
