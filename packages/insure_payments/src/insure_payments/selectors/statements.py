"""Monthly statements: opening + charges - payments = closing, read from the chain of lines until they close."""

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from insure_payments.enums import CHARGE_KINDS
from insure_payments.models import Line, Statement

BEYOND_EVERY_LINE = 2**63 - 1


def statements_visible_to(user: Any) -> QuerySet[Statement]:
    """A user's own statements with their figures `charged`, `paid` and `closing`.

    Those of a closed month are as they were closed, those of the present month are of the month so far.
    """
    later = Statement.objects.filter(account=OuterRef("account"), period__gt=OuterRef("period")).order_by("period")
    charged = (
        Line.objects.filter(
            account=OuterRef("account"),
            account_seq__gte=OuterRef("first_seq"),
            account_seq__lt=OuterRef("until_seq"),
            entry__kind__in=CHARGE_KINDS,
        )
        .order_by()
        .values("account")
        .annotate(total=Sum("amount_in_cents"))
        .values("total")
    )
    return (
        Statement.objects.filter(account__user_id=user.pk)
        .select_related("account")
        .annotate(
            until_seq=Coalesce("end_seq", Subquery(later.values("first_seq")[:1]), BEYOND_EVERY_LINE),
            closing=Coalesce(
                "closing_in_cents", Subquery(later.values("opening_in_cents")[:1]), F("account__balance_in_cents")
            ),
            charged=Coalesce("charges_in_cents", Subquery(charged), 0),
        )
        .annotate(paid=F("opening_in_cents") + F("charged") - F("closing"))
    )


def lines_of(statement: Any) -> QuerySet[Line]:
    """The lines of an annotated statement in the order in which they were posted."""
    lines = Line.objects.filter(
        account_id=statement.account_id, account_seq__gte=statement.first_seq, account_seq__lt=statement.until_seq
    )
    return lines.select_related("entry").order_by("account_seq")
