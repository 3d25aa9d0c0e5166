"""The whole ledger, for operators: what its accounts add up to, and its lines one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Sum

from insure_common.database import snapshot
from insure_payments.models import Line
from insure_payments.periods import start_of

LINES_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class AccountTotal:
    """All accounts of one kind and currency; minor units, positive: a debit."""

    kind: str
    currency: str
    accounts: int
    balance_in_cents: int


def ledger_balance() -> list[AccountTotal]:
    """What the lines of each kind of account add up to; together they are zero in each currency."""
    with snapshot():
        totals = Line.objects.values_list("account__kind", "currency").order_by("currency", "account__kind")
        rows = totals.annotate(Count("account", distinct=True), Sum("amount_in_cents"))
        return [AccountTotal(*row) for row in rows]


def ledger_lines(*, user_id: Any = None, since: date | None = None, until: date | None = None) -> Iterator[Line]:
    """The lines of all accounts in the order of posting, or of a user's; of the Bogota days given, both included.

    However many there are, few are in memory at a time.
    """
    lines = lines_of_days(since, until).select_related("entry", "account").order_by("pk")
    if user_id is not None:
        lines = lines.filter(account__user_id=user_id).order_by("account_id", "account_seq")
    with snapshot():
        yield from lines.iterator(chunk_size=LINES_AT_ONCE)


def lines_of_days(since: date | None, until: date | None) -> QuerySet[Line]:
    """The lines of these days in Bogota, both included; None is no limit."""
    lines = Line.objects.all()
    if since:
        lines = lines.filter(posted_at__gte=start_of(since))
    if until:
        lines = lines.filter(posted_at__lt=start_of(until + timedelta(days=1)))
    return lines
