"""What operators see of charges, payments and events."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from insure_common.api.serializers import TextField
from insure_common.api.views import PageQuery
from insure_payments.enums import (
    WebhookStatus,
)
from insure_payments.models import (
    Transaction,
    WebhookEvent,
)
from insure_payments.serializers.account import ChargeSerializer, MoneyOf
from insure_payments.serializers.operations import CaseSerializer
from insure_payments.serializers.payments import PaymentQuery, PaymentSerializer


class TransactionSerializer(serializers.ModelSerializer[Transaction]):
    amount = MoneyOf("amount_in_cents")

    class Meta:
        model = Transaction
        fields = [
            "id",
            "provider_id",
            "method",
            "status",
            "amount",
            "trace_code",
            "message",
            "mismatch",
            "finalized_at",
        ]


class AdminChargeSerializer(ChargeSerializer):
    user = serializers.CharField(source="user_id")

    class Meta(ChargeSerializer.Meta):
        fields = ["user", *ChargeSerializer.Meta.fields]


class AdminPaymentQuery(PaymentQuery):
    user = TextField(required=False, max_length=40, help_text=_("Id of a user."))
    reference = TextField(required=False, max_length=40)
    has_open_case = serializers.BooleanField(required=False, help_text=_("Whether an operator must resolve it."))

    def validate_user(self, value: str) -> Any:
        return get_user_model()._meta.pk.to_python(value)


class AdminPaymentSerializer(PaymentSerializer):
    user = serializers.CharField(source="user_id")
    credit = MoneyOf("credit_in_cents", help_text=_("What of the settled money is on no charge."))
    refunded = MoneyOf("refunded_in_cents", help_text=_("What of the settled money an operator gave back."))
    has_open_case = serializers.BooleanField()

    class Meta(PaymentSerializer.Meta):
        # Not the way into the payer's bank page.
        fields = [
            "user",
            *(name for name in PaymentSerializer.Meta.fields if name != "redirect_url"),
            "credit",
            "refunded",
            "has_open_case",
        ]


class AdminPaymentDetailSerializer(AdminPaymentSerializer):
    transactions = TransactionSerializer(many=True)
    cases = CaseSerializer(many=True)

    class Meta(AdminPaymentSerializer.Meta):
        fields = [*AdminPaymentSerializer.Meta.fields, "transactions", "cases"]


class WebhookEventQuery(PageQuery):
    status = serializers.ChoiceField(WebhookStatus.choices, required=False)
    provider = TextField(required=False, max_length=20)


class WebhookEventSerializer(serializers.ModelSerializer[WebhookEvent]):
    class Meta:
        model = WebhookEvent
        fields = [
            "id",
            "provider",
            "event_id",
            "event_name",
            "environment",
            "transaction_id",
            "status",
            "verdict",
            "attempts",
            "received_at",
            "processed_at",
        ]


class WebhookEventDetailSerializer(WebhookEventSerializer):
    class Meta(WebhookEventSerializer.Meta):
        fields = [*WebhookEventSerializer.Meta.fields, "payload", "headers"]
