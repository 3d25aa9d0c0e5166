"""Accounts and their movements."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from insure_payments.conf import PaymentsSettings
from insure_payments.enums import AccountKind, ChargeStatus
from insure_payments.models import Account, Charge, Line
from insure_payments.periods import start_of


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """What the owner of an account sees first; minor units, positive: the client owes."""

    balance_in_cents: int
    currency: str
    next_due: Charge | None


def account_of(user_id: Any) -> Account | None:
    """A user's account; None as long as nothing was ever posted to it."""
    accounts = Account.objects.filter(kind=AccountKind.CLIENT, user_id=user_id)
    return accounts.filter(currency=PaymentsSettings.load().CURRENCY).first()


def account_summary(user_id: Any) -> AccountSummary:
    """Balance and what is due next; an account that does not exist yet is empty."""
    account = account_of(user_id)
    return AccountSummary(
        balance_in_cents=(account.balance_in_cents or 0) if account else 0,
        currency=account.currency if account else PaymentsSettings.load().CURRENCY,
        next_due=next_due(user_id),
    )


def next_due(user_id: Any) -> Charge | None:
    """The open charge of a user that is due first."""
    unpaid = Charge.objects.filter(user_id=user_id, status__in=[ChargeStatus.OPEN, ChargeStatus.PARTIALLY_PAID])
    return unpaid.order_by("due_date", "pk").first()


def entries_of(user_id: Any, *, since: date | None = None, until: date | None = None) -> QuerySet[Line]:
    """The movements of a user's account, those of the Bogota days from `since` to `until`, both included."""
    account = account_of(user_id)
    if account is None:
        return Line.objects.none()
    lines = Line.objects.filter(account=account).select_related("entry")
    if since:
        lines = lines.filter(posted_at__gte=start_of(since))
    if until:
        lines = lines.filter(posted_at__lt=start_of(until + timedelta(days=1)))
    return lines
