"""The receipt of a settled payment."""

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Spacer

from insure_common.documents.flowables import Text
from insure_common.documents.layout import (
    BODY,
    LABEL,
    NOTE,
    RIGHT,
    STRONG,
    Hero,
    build_pdf,
    fact_sheet,
    ruled_table,
    totals_table,
)
from insure_common.documents.text import local_time
from insure_common.money import Money
from insure_common.people import Person
from insure_common.verification import verification_url
from insure_payments.documents.verification import verification_foot
from insure_payments.documents.words import amount_in_words
from insure_payments.enums import PaymentMethod
from insure_payments.models import Receipt

LANGUAGE = "es"
"""A receipt is a Colombian document, whatever language the app is used in."""


def receipt_pdf(*, receipt: Receipt, payer: Person | None, bank: str) -> bytes:
    """The PDF of a receipt; the same receipt gives the same bytes."""
    with translation.override(LANGUAGE):
        story = _story(receipt, payer, bank)
        return build_pdf(title=_("Payment receipt"), number=receipt.printed_number, story=story)


def _story(receipt: Receipt, payer: Person | None, bank: str) -> list[Any]:
    settled = receipt.transaction
    total = Money(settled.amount_in_cents, settled.currency)
    return [
        Hero(
            label=_("Total paid"),
            figure=f"{total.display()} {total.currency}",
            caption=amount_in_words(settled.amount_in_cents).capitalize(),
            badge=_("Approved"),
        ),
        Spacer(0, 6 * mm),
        fact_sheet(_facts(receipt, payer, bank)),
        Spacer(0, 8 * mm),
        Text(_("What was paid"), STRONG),
        Spacer(0, 2.5 * mm),
        _charges_table(receipt),
        Spacer(0, 3 * mm),
        totals_table(_totals(receipt, total)),
        *(_trace_note() if settled.trace_code else ()),
        *([verification_foot(link)] if (link := verification_url(receipt.verification_code)) else ()),
    ]


def _trace_note() -> list[Any]:
    text = _("Keep the trace code (CUS): your bank and we find this payment by it.")
    return [Spacer(0, 10 * mm), Text(text, NOTE)]


def _facts(receipt: Receipt, payer: Person | None, bank: str) -> list[tuple[str, str]]:
    payment, settled = receipt.payment, receipt.transaction
    document = f"{payer.id_type} {payer.id_number}" if payer and payer.id_number else ""
    return [
        (_("Paid by"), payer.full_name if payer else ""),
        (_("Document"), document or "-"),
        (_("Date and time (Bogota)"), local_time(settled.finalized_at or receipt.issued_at)),
        (_("Method"), " · ".join(filter(None, [_method_name(receipt), bank]))),
        (_("Trace code (CUS)"), settled.trace_code or "-"),
        (_("Payment reference"), payment.reference),
        (_("Transaction"), f"{settled.provider} {settled.provider_id}"),
        (_("Issued on (Bogota)"), local_time(receipt.issued_at)),
    ]


def _method_name(receipt: Receipt) -> str:
    """What the payer chose, which on the provider's own page may be a method that we have no name for."""
    method = receipt.transaction.method or receipt.payment.method["type"]
    return str(PaymentMethod(method).label) if method in PaymentMethod else method


def _charges_table(receipt: Receipt) -> Any:
    currency = receipt.transaction.currency
    rows = []
    for line in receipt.lines:
        net_in_cents = line["amount_in_cents"] - line["tax_in_cents"]
        amounts = (net_in_cents, line["tax_in_cents"], line["amount_in_cents"])
        rows.append(
            [
                [Text(line["concept"], BODY), Text(line["reference"], LABEL)],
                [Text(line["policy"] or "-", BODY, 40)],
                *([Text(Money(amount, currency).display(), RIGHT)] for amount in amounts),
            ]
        )
    credit_in_cents = _credit_in_cents(receipt)
    if credit_in_cents:
        amounts = (credit_in_cents, 0, credit_in_cents)
        rows.append(
            [
                [Text(_("Credit in your favour"), BODY)],
                [Text("-", BODY)],
                *([Text(Money(amount, currency).display(), RIGHT)] for amount in amounts),
            ]
        )
    return ruled_table(
        head=[_("Concept"), _("Policy"), _("Net"), _("VAT"), _("Paid")],
        rows=rows,
        widths=[0.36, 0.19, 0.15, 0.13, 0.17],
        right=range(2, 5),
    )


def _totals(receipt: Receipt, total: Money) -> list[tuple[str, str]]:
    tax_in_cents = sum(line["tax_in_cents"] for line in receipt.lines)
    net = Money(total.amount_in_cents - tax_in_cents, total.currency)
    return [
        (_("Subtotal"), net.display()),
        (_("VAT"), Money(tax_in_cents, total.currency).display()),
        (_("Total paid"), f"{total.display()} {total.currency}"),
    ]


def _credit_in_cents(receipt: Receipt) -> int:
    paid_in_cents: int = sum(line["amount_in_cents"] for line in receipt.lines)
    return receipt.transaction.amount_in_cents - paid_in_cents
