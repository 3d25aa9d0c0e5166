"""What operators send, and the cases that they see."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insure_common.api.serializers import (
    AmountInCentsField,
    MoneySerializer,
    StrictSerializer,
    TextField,
    WholeNumberField,
)
from insure_common.money import MAX_AMOUNT_IN_CENTS, Money
from insure_payments.enums import OPERATOR_OUTCOMES
from insure_payments.models import Case


class OperationSerializer(StrictSerializer):
    """Whatever an operator does has a reason."""

    reason = TextField(max_length=500)


class VoidChargeSerializer(OperationSerializer):
    pass


class VoidPaymentSerializer(OperationSerializer):
    transaction = TextField(
        max_length=100, required=False, help_text=_("The provider's id, where several transactions were approved.")
    )


class ResolvePaymentSerializer(VoidPaymentSerializer):
    outcome = serializers.ChoiceField([(outcome, outcome.label) for outcome in OPERATOR_OUTCOMES])


class ReplaySerializer(StrictSerializer):
    reason = TextField(max_length=500, required=False)


class AmountSerializer(StrictSerializer):
    """Money in a request."""

    amount_in_cents: WholeNumberField = AmountInCentsField()
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z")

    def to_internal_value(self, data: Any) -> Money:
        return Money(**super().to_internal_value(data))


class TaxAmountSerializer(AmountSerializer):
    amount_in_cents = WholeNumberField(min_value=0, max_value=MAX_AMOUNT_IN_CENTS)


class MakeChargeSerializer(OperationSerializer):
    user = TextField(max_length=40, help_text=_("Id of a user."))
    concept = TextField(max_length=200)
    amount = AmountSerializer(help_text=_("Tax included."))
    tax = TaxAmountSerializer(help_text=_("Value added tax within the amount."))
    due_date = serializers.DateField()


class CaseSerializer(serializers.ModelSerializer[Case]):
    """Open as long as `closed_at` is null. `operator` and `reason` tell who decided and why."""

    amount = serializers.SerializerMethodField(help_text=_("Null while credit is open: see `credit`."))
    operator = serializers.CharField(source="actor_id", allow_null=True)

    class Meta:
        model = Case
        fields = [
            "id",
            "kind",
            "outcome",
            "amount",
            "provider_id",
            "mismatch",
            "reported_status",
            "operator",
            "reason",
            "note",
            "opened_at",
            "closed_at",
        ]

    @extend_schema_field(MoneySerializer(allow_null=True))
    def get_amount(self, case: Case) -> dict[str, int | str] | None:
        return None if case.amount_in_cents is None else Money(case.amount_in_cents, case.currency).as_dict()
