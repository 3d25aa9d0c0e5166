"""The monthly statement of an account."""

from collections.abc import Iterable
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Spacer

from insure_common import clock
from insure_common.documents.flowables import Text
from insure_common.documents.layout import (
    BODY,
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
from insure_common.people import people
from insure_payments.documents.receipt import LANGUAGE
from insure_payments.enums import EntryKind
from insure_payments.models import Line


def statement_pdf(*, statement: Any, lines: Iterable[Line]) -> bytes:
    """The PDF of a statement as `selectors.statements` annotates it."""
    with translation.override(LANGUAGE):
        number = date_format(statement.period, "F Y").capitalize()
        return build_pdf(title=_("Account statement"), number=number, story=_story(statement, lines))


def _story(statement: Any, lines: Iterable[Line]) -> list[Any]:
    currency, client = statement.currency, people().get(statement.account.user_id)
    rows = [_row(line) for line in lines]
    return [
        Hero(
            label=_("Closing balance"),
            figure=f"{Money(statement.closing, currency).display()} {currency}",
            caption=_("A positive balance is owed; a negative one is in your favour."),
        ),
        Spacer(0, 6 * mm),
        fact_sheet(
            [
                (_("Client"), client.full_name if client else ""),
                (_("Document"), f"{client.id_type} {client.id_number}" if client and client.id_number else "-"),
                (_("Period"), date_format(statement.period, "F Y").capitalize()),
                _as_of(statement),
            ]
        ),
        Spacer(0, 8 * mm),
        Text(_("Movements"), STRONG),
        Spacer(0, 2.5 * mm),
        ruled_table(
            head=[_("Date"), _("Movement"), _("Description"), _("Amount"), _("Balance")],
            rows=rows,
            widths=[0.13, 0.15, 0.36, 0.18, 0.18],
            right=range(3, 5),
        ),
        Spacer(0, 4 * mm),
        totals_table(
            [
                (_("Opening balance"), Money(statement.opening_in_cents, currency).display()),
                (_("+ Charges"), Money(statement.charged, currency).display()),
                (_("- Payments"), Money(statement.paid, currency).display()),
                (_("Closing balance"), f"{Money(statement.closing, currency).display()} {currency}"),
            ]
        ),
    ]


def _as_of(statement: Any) -> tuple[str, str]:
    if statement.closed_at:
        return _("Closed on (Bogota)"), local_time(statement.closed_at)
    return _("Read on (Bogota)"), local_time(clock.now())


def _row(line: Line) -> list[Any]:
    return [
        [Text(local_time(line.posted_at), BODY)],
        [Text(EntryKind(line.entry.kind).label, BODY)],
        [Text(line.entry.description, NOTE, 80)],
        [Text(Money(line.amount_in_cents, line.currency).display(), RIGHT)],
        [Text(Money(line.balance_after_in_cents or 0, line.currency).display(), RIGHT)],
    ]
