"""What is open about payments."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from insure_payments.enums import OPERATOR_CASES
from insure_payments.models import Case, Payment
from insure_payments.selectors.payments import all_payments


def with_open_case(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    """The payments, each with `has_open_case`: whether something about it waits for an operator."""
    waiting = Case.objects.filter(payment=OuterRef("pk"), kind__in=OPERATOR_CASES, closed_at=None)
    return payments.annotate(has_open_case=Exists(waiting))


def payments_in_full() -> QuerySet[Payment]:
    """Everybody's payments with all that an operator decides by, cases oldest first."""
    cases = Prefetch("cases", Case.objects.order_by("pk"))
    return with_open_case(all_payments()).prefetch_related("transactions", cases)
