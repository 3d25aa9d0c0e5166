"""Payments, and what is needed to make one."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insure_common.api.serializers import AmountInCentsField, StrictSerializer, TextField
from insure_common.api.views import PageQuery
from insure_common.conf import CommonSettings
from insure_common.exceptions import ValidationError
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import (
    PaymentMethod,
    PaymentStatus,
)
from insure_payments.gateways.base import asked_by, methods_of, needs_of
from insure_payments.models import (
    Allocation,
    Payment,
    Receipt,
)
from insure_payments.serializers.account import MoneyOf
from insure_payments.serializers.methods import MethodField, PaidMethodSerializer

MOST_CHARGES = 50
REQUIRED = serializers.Field.default_error_messages["required"]


class AcceptedDocumentSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    permalink = serializers.URLField()


class PaymentMethodSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(PaymentMethod.choices)
    provider = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField(), help_text=_("Fields of `method` to send."))


class PaymentMethodsSerializer(serializers.Serializer[Any]):
    methods = PaymentMethodSerializer(many=True)
    accepted_documents = AcceptedDocumentSerializer(many=True)


class InstitutionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()


class InstitutionPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = InstitutionSerializer(many=True)


# --- payments ---


class StartPaymentSerializer(StrictSerializer):
    charge_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_CHARGES)
    amount_in_cents = AmountInCentsField(required=False, help_text=_("A part of one charge."))
    method = MethodField()
    provider = TextField(required=False, max_length=20)
    accepted_documents = serializers.ListField(
        child=TextField(max_length=500), default=list, max_length=10, help_text=_("Links shown and accepted.")
    )
    return_url = TextField(required=False, max_length=500)

    def validate_charge_ids(self, value: list[Any]) -> list[Any]:
        if len(set(value)) != len(value):
            raise ValidationError(_("Name each charge once."))
        return value

    def validate_provider(self, value: str) -> str:
        if value not in PaymentsSettings.load().GATEWAYS:
            raise ValidationError(_("There is no such provider."))
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        provider, method = attrs.get("provider") or PaymentsSettings.load().DEFAULT_PROVIDER, attrs["method"]
        if method["type"] not in methods_of(provider):
            raise ValidationError({"method": {"type": [_("This provider does not offer this method.")]}})
        if missing := [name for name in needs_of(provider, method["type"]) if name not in method]:
            raise ValidationError({"method": {name: [REQUIRED] for name in missing}})
        asked = asked_by(provider)
        if not attrs["accepted_documents"] and "accepted_documents" not in asked:
            raise ValidationError({"accepted_documents": [REQUIRED]})
        # What the payer answers on the provider's page counts, whatever a client has said before.
        return {**attrs, "method": {name: value for name, value in method.items() if name not in asked}}


class PaymentQuery(PageQuery):
    status = serializers.ChoiceField(PaymentStatus.choices, required=False)


class AllocationSerializer(serializers.ModelSerializer[Allocation]):
    charge = serializers.UUIDField(source="charge_id")
    description = serializers.CharField(source="charge.concept")
    requested = MoneyOf("requested_in_cents")
    amount = MoneyOf("settled_in_cents", help_text=_("What went to the charge."))

    class Meta:
        model = Allocation
        fields = ["charge", "description", "requested", "amount"]


class ReceiptSerializer(serializers.ModelSerializer[Receipt]):
    url = serializers.SerializerMethodField(help_text=_("The PDF; null until it is rendered."))

    class Meta:
        model = Receipt
        fields = ["number", "issued_at", "sha256", "url"]

    def get_url(self, receipt: Receipt) -> str | None:
        if not receipt.path:
            return None
        return CommonSettings.load().PUBLIC_BASE_URL + reverse("payment-receipt", args=[receipt.payment_id])


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    amount = MoneyOf("amount_in_cents")
    settled = MoneyOf("settled_in_cents")
    method = PaidMethodSerializer()
    allocations = AllocationSerializer(many=True)
    receipt = serializers.SerializerMethodField()

    class Meta:
        model = Payment
        fields = [
            "id",
            "status",
            "amount",
            "settled",
            "method",
            "provider",
            "reference",
            "redirect_url",
            "failure_reason",
            "allocations",
            "receipt",
            "created_at",
            "expires_at",
            "settled_at",
        ]

    @extend_schema_field(ReceiptSerializer(allow_null=True))
    def get_receipt(self, payment: Payment) -> dict[str, Any] | None:
        receipt = getattr(payment, "receipt", None)
        return ReceiptSerializer(receipt).data if receipt else None


# --- for operators ---
