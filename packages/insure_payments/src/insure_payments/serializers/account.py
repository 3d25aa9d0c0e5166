"""What a client owes and has: account, movements, charges, statements."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insure_common.api.serializers import MoneySerializer, TextField
from insure_common.api.views import PageQuery
from insure_common.money import Money
from insure_payments.enums import (
    ChargeStatus,
)
from insure_payments.models import (
    Charge,
    Line,
    Statement,
)


@extend_schema_field(MoneySerializer)
class MoneyOf(serializers.Field[Any, Any, Any, Any]):
    """`{"amount_in_cents", "currency"}` from an attribute in minor units and the object's `currency`."""

    def __init__(self, attribute: str, **kwargs: Any) -> None:
        self.attribute = attribute
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, value: Any) -> dict[str, int | str]:
        return Money(getattr(value, self.attribute), value.currency).as_dict()


# --- account ---


class NextDueSerializer(serializers.ModelSerializer[Charge]):
    charge = serializers.UUIDField(source="pk")
    amount = MoneyOf("outstanding_in_cents")

    class Meta:
        model = Charge
        fields = ["charge", "due_date", "amount"]


class AccountSerializer(serializers.Serializer[Any]):
    balance = MoneyOf("balance_in_cents", help_text=_("Positive: owed. Negative: in the client's favour."))
    currency = serializers.CharField()
    next_due = NextDueSerializer(allow_null=True)


class EntryQuery(PageQuery):
    to = serializers.DateField(required=False, help_text=_("Last day, Bogota."))

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language.
        return super().get_fields() | {"from": serializers.DateField(required=False, help_text=_("First day, Bogota."))}


class EntrySerializer(serializers.ModelSerializer[Line]):
    kind = serializers.CharField(source="entry.kind")
    description = serializers.CharField(source="entry.description")
    amount = MoneyOf("amount_in_cents", help_text=_("Positive: charged. Negative: paid."))
    balance_after = MoneyOf("balance_after_in_cents")

    class Meta:
        model = Line
        fields = ["id", "posted_at", "kind", "description", "amount", "balance_after"]


# --- charges ---


class ChargeQuery(PageQuery):
    status = serializers.ChoiceField(ChargeStatus.choices, required=False)
    policy = TextField(max_length=100, required=False, help_text=_("Reference of a policy."))


class ChargeSerializer(serializers.ModelSerializer[Charge]):
    description = serializers.CharField(source="concept")
    policy = serializers.CharField(source="policy_reference")
    amount = MoneyOf("amount_in_cents", help_text=_("Tax included."))
    tax = MoneyOf("tax_in_cents")
    outstanding = MoneyOf("outstanding_in_cents")
    in_payment = serializers.BooleanField()
    external_reference = serializers.CharField(source="reference")

    class Meta:
        model = Charge
        fields = [
            "id",
            "description",
            "policy",
            "due_date",
            "amount",
            "tax",
            "outstanding",
            "status",
            "in_payment",
            "external_reference",
        ]


# --- statements ---


class StatementSerializer(serializers.ModelSerializer[Statement]):
    period = serializers.DateField(format="%Y-%m")
    opening = MoneyOf("opening_in_cents")
    charges = MoneyOf("charged")
    payments = MoneyOf("paid")
    closing = MoneyOf("closing")

    class Meta:
        model = Statement
        fields = ["id", "period", "opening", "charges", "payments", "closing", "closed_at"]


class StatementDetailSerializer(StatementSerializer):
    lines = EntrySerializer(many=True)

    class Meta(StatementSerializer.Meta):
        fields = [*StatementSerializer.Meta.fields, "lines"]


# --- what a provider offers ---
