"""What administrators take from charges, ledger and comparisons, as reports of insure_audit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, NullIf, TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from insure_audit.public import Cell, Column, ReportKind
from insure_common import clock
from insure_common.api.serializers import StrictSerializer
from insure_common.exceptions import ValidationError
from insure_common.masking import masked_document, masked_name
from insure_common.money import Money
from insure_common.people import people
from insure_payments.enums import (
    AccountKind,
    ChargeStatus,
    DifferenceKind,
    DifferenceState,
    EntryKind,
    PaymentMethod,
    Side,
)
from insure_payments.models import Charge, Difference
from insure_payments.permissions import VIEW_ANY_ACCOUNT, VIEW_ANY_CHARGE, VIEW_ANY_PAYMENT, VIEW_RECONCILIATION
from insure_payments.selectors.ledger import lines_of_days

Records = Sequence[Any]
Rows = Iterator[tuple[Any, ...]]

CLIENT = (
    Column(gettext_lazy("Client"), mask=masked_name),
    Column(gettext_lazy("Document"), mask=masked_document),
)
CURRENCY = Column(gettext_lazy("Currency"))


def report_kinds() -> dict[str, ReportKind]:
    return {
        "payments.collected": ReportKind(
            title=gettext_lazy("Collected by day and method"),
            permission=VIEW_ANY_PAYMENT,
            columns=(
                Column(gettext_lazy("Date"), Cell.DATE),
                Column(gettext_lazy("Provider")),
                Column(gettext_lazy("Method")),
                CURRENCY,
                Column(gettext_lazy("Payments"), Cell.INTEGER, has_total=True),
                Column(gettext_lazy("Collected"), Cell.MONEY, has_total=True),
                Column(gettext_lazy("Returned"), Cell.MONEY, has_total=True),
                Column(gettext_lazy("Net"), Cell.MONEY, has_total=True),
            ),
            query=_collected,
            rows=_collected_rows,
        ),
        "payments.overdue": ReportKind(
            title=gettext_lazy("Overdue charges"),
            permission=VIEW_ANY_CHARGE,
            parameters=OverdueParameters,
            columns=(
                *CLIENT,
                Column(gettext_lazy("Policy")),
                Column(gettext_lazy("Concept")),
                Column(gettext_lazy("Reference")),
                Column(gettext_lazy("Due date"), Cell.DATE),
                Column(gettext_lazy("Days overdue"), Cell.INTEGER),
                CURRENCY,
                Column(gettext_lazy("Amount"), Cell.MONEY, has_total=True),
                Column(gettext_lazy("Paid"), Cell.MONEY, has_total=True),
                Column(gettext_lazy("Outstanding"), Cell.MONEY, has_total=True),
            ),
            query=_overdue,
            rows=_overdue_rows,
        ),
        "payments.movements": ReportKind(
            title=gettext_lazy("Ledger movements"),
            permission=VIEW_ANY_ACCOUNT,
            columns=(
                Column(gettext_lazy("Date and time (Bogota)"), Cell.DATE),
                Column(gettext_lazy("Movement")),
                Column(gettext_lazy("Cause")),
                Column(gettext_lazy("Description")),
                Column(gettext_lazy("Account")),
                *CLIENT,
                CURRENCY,
                Column(gettext_lazy("Debit"), Cell.MONEY, has_total=True),
                Column(gettext_lazy("Credit"), Cell.MONEY, has_total=True),
                Column(gettext_lazy("Balance"), Cell.MONEY),
            ),
            query=_movements,
            rows=_movement_rows,
        ),
        "payments.differences": ReportKind(
            title=gettext_lazy("Differences of the reconciliations"),
            permission=VIEW_RECONCILIATION,
            columns=(
                Column(gettext_lazy("Date"), Cell.DATE),
                Column(gettext_lazy("Provider")),
                Column(gettext_lazy("Compared with")),
                Column(gettext_lazy("Difference")),
                Column(gettext_lazy("Subject")),
                Column(gettext_lazy("Payment")),
                Column(gettext_lazy("Ours")),
                Column(gettext_lazy("Theirs")),
                Column(gettext_lazy("State")),
                Column(gettext_lazy("Found at"), Cell.DATE),
                Column(gettext_lazy("Resolved at"), Cell.DATE),
            ),
            query=_differences,
            rows=_difference_rows,
        ),
    }


def _collected(parameters: Mapping[str, Any]) -> QuerySet[Any]:
    """What providers owe us by the ledger: the lines of the clearing accounts, by what the payer chose."""
    posted, taken_back = "entry__transaction__", "entry__reverses__transaction__"
    is_payment = Q(amount_in_cents__gt=0)
    groups = ("day", "provider", "method", "currency")
    found: QuerySet[Any] = (
        lines_of_days(parameters["from"], parameters["to"])
        .filter(account__kind=AccountKind.CLEARING)
        .annotate(
            day=TruncDate("posted_at", tzinfo=clock.BOGOTA),
            provider=Coalesce(f"{posted}provider", f"{taken_back}provider", "entry__source"),
            method=Coalesce(
                NullIf(f"{posted}method", Value("")),
                KeyTextTransform("type", f"{posted}payment__method"),
                NullIf(f"{taken_back}method", Value("")),
                KeyTextTransform("type", f"{taken_back}payment__method"),
                Value(""),
                output_field=TextField(),
            ),
        )
        .values(*groups)
        .annotate(
            payments=Count("pk", filter=is_payment),
            collected=Coalesce(Sum("amount_in_cents", filter=is_payment), 0),
            returned=Coalesce(Sum("amount_in_cents", filter=~is_payment), 0),
        )
        .order_by(*groups)
        .values_list(*groups, "payments", "collected", "returned", named=True)
    )
    return found


def _collected_rows(groups: Records) -> Rows:
    for group in groups:
        yield (
            group.day,
            group.provider,
            PaymentMethod(group.method).label if group.method in PaymentMethod else group.method,
            group.currency,
            group.payments,
            Money(group.collected, group.currency),
            Money(group.returned, group.currency),
            Money(group.collected + group.returned, group.currency),
        )


class OverdueParameters(StrictSerializer):
    date = serializers.DateField(
        label=gettext_lazy("Date"), help_text=gettext_lazy("Charges due before this day that are not paid by now.")
    )

    def validate_date(self, value: Any) -> Any:
        if value > clock.today():
            raise ValidationError([_("Must not be after today.")])
        return value


def _overdue(parameters: Mapping[str, Any]) -> QuerySet[Any]:
    unpaid = (ChargeStatus.OPEN, ChargeStatus.PARTIALLY_PAID)
    overdue = ExpressionWrapper(Value(parameters["date"]) - F("due_date"), output_field=DurationField())
    return (
        Charge.objects.filter(status__in=unpaid, due_date__lt=parameters["date"])
        .annotate(overdue=overdue)
        .order_by("due_date", "pk")
        .values_list(
            "user_id",
            "policy_reference",
            "concept",
            "reference",
            "due_date",
            "overdue",
            "currency",
            "amount_in_cents",
            "paid_in_cents",
            named=True,
        )
    )


def _overdue_rows(charges: Records) -> Rows:
    clients = _clients({charge.user_id for charge in charges})
    for charge in charges:
        yield (
            *clients[charge.user_id],
            charge.policy_reference,
            charge.concept,
            charge.reference,
            charge.due_date,
            charge.overdue.days,
            charge.currency,
            Money(charge.amount_in_cents, charge.currency),
            Money(charge.paid_in_cents, charge.currency),
            Money(charge.amount_in_cents - charge.paid_in_cents, charge.currency),
        )


def _movements(parameters: Mapping[str, Any]) -> QuerySet[Any]:
    return (
        lines_of_days(parameters["from"], parameters["to"])
        .order_by("pk")
        .values_list(
            "posted_at",
            "entry__kind",
            "entry__source",
            "entry__external_id",
            "entry__description",
            "account__kind",
            "account__user_id",
            "currency",
            "amount_in_cents",
            "balance_after_in_cents",
            named=True,
        )
    )


def _movement_rows(lines: Records) -> Rows:
    clients = _clients({line.account__user_id for line in lines})
    kinds, accounts = _labels(EntryKind), _labels(AccountKind)
    for line in lines:
        amount, balance = line.amount_in_cents, line.balance_after_in_cents
        yield (
            line.posted_at,
            kinds[line.entry__kind],
            f"{line.entry__source} {line.entry__external_id}",
            line.entry__description,
            accounts[line.account__kind],
            *clients[line.account__user_id],
            line.currency,
            Money(amount, line.currency) if amount > 0 else None,
            Money(-amount, line.currency) if amount < 0 else None,
            None if balance is None else Money(balance, line.currency),
        )


def _differences(parameters: Mapping[str, Any]) -> QuerySet[Any]:
    return (
        Difference.objects.filter(reconciliation__date__range=(parameters["from"], parameters["to"]))
        .order_by("reconciliation__date", "reconciliation__provider", "side", "kind", "subject")
        .values_list(
            "reconciliation__date",
            "reconciliation__provider",
            "side",
            "kind",
            "subject",
            "payment__reference",
            "ours",
            "theirs",
            "state",
            "found_at",
            "resolved_at",
            named=True,
        )
    )


def _difference_rows(differences: Records) -> Rows:
    sides, kinds, states = _labels(Side), _labels(DifferenceKind), _labels(DifferenceState)
    for difference in differences:
        day, provider, side, kind, subject, payment, ours, theirs, state, found_at, resolved_at = difference
        yield (
            *(day, provider, sides[side], kinds[kind], subject, payment, ours, theirs),
            *(states[state], found_at, resolved_at),
        )


def _labels(choices: Any) -> dict[str, str]:
    return {choice.value: str(choice.label) for choice in choices}


def _clients(user_ids: set[Any]) -> dict[Any, tuple[str, str]]:
    """Name and document of each client, in one query; empty for whom nobody knows."""
    known = people().get_many(user_ids - {None})
    found = {
        user_id: (person.full_name, f"{person.id_type} {person.id_number}".strip()) for user_id, person in known.items()
    }
    return dict.fromkeys(user_ids, ("", "")) | found
