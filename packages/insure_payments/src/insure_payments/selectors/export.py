"""What this package keeps about a person, for the export of their data."""

from typing import Any

from insure_common.export import exported
from insure_payments.models import (
    Account,
    Allocation,
    Case,
    Charge,
    Entry,
    Line,
    Payment,
    Receipt,
    Statement,
    Transaction,
)


def export_person(*, user_id: Any) -> dict[str, list[dict[str, Any]]]:
    """Accounts with their movements and statements, charges, payments and all that belongs to them."""
    lines = Line.objects.filter(account__user_id=user_id)
    return exported(
        Account.objects.filter(user_id=user_id),
        lines,
        Entry.objects.filter(pk__in=lines.values("entry")),
        Statement.objects.filter(account__user_id=user_id),
        Charge.objects.filter(user_id=user_id),
        Payment.objects.filter(user_id=user_id),
        Allocation.objects.filter(payment__user_id=user_id),
        Transaction.objects.filter(payment__user_id=user_id),
        Receipt.objects.filter(payment__user_id=user_id),
        Case.objects.filter(payment__user_id=user_id),
        without=["path", "actor_id"],
    )
