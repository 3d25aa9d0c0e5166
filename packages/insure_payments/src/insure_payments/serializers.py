"""Shape and validation of requests and answers."""

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insure_common.api.serializers import AmountInCentsField, MoneySerializer, StrictSerializer, TextField
from insure_common.api.views import PageQuery
from insure_common.conf import CommonSettings
from insure_common.exceptions import ValidationError
from insure_common.money import Money
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import (
    DIFFERENCE_ADVICE,
    ChargeStatus,
    DifferenceKind,
    DifferenceState,
    PaymentMethod,
    PaymentStatus,
    WebhookStatus,
)
from insure_payments.gateways.base import asked_by, methods_of, needs_of
from insure_payments.method_serializers import MethodField, PaidMethodSerializer
from insure_payments.models import (
    Allocation,
    Charge,
    Difference,
    Line,
    Payment,
    Receipt,
    Reconciliation,
    Statement,
    Transaction,
    WebhookEvent,
)
from insure_payments.operation_serializers import CaseSerializer
from insure_payments.selectors.reconciliations import differences_of

MOST_CHARGES = 50
REQUIRED = serializers.Field.default_error_messages["required"]


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


class ReconciliationQuery(PageQuery):
    date = serializers.DateField(required=False, help_text=_("Day in Bogota."))
    provider = TextField(required=False, max_length=20)


class ReconciliationRequest(StrictSerializer):
    date = serializers.DateField(help_text=_("Day in Bogota that is over."))
    provider = TextField(max_length=20)


class ReconciliationSerializer(serializers.ModelSerializer[Reconciliation]):
    open_differences = serializers.IntegerField()
    resolved_differences = serializers.IntegerField()

    class Meta:
        model = Reconciliation
        fields = [
            "id",
            "provider",
            "date",
            "status",
            "transactions",
            "open_differences",
            "resolved_differences",
            "error",
            "requested_at",
            "finished_at",
        ]


class DifferenceSerializer(serializers.ModelSerializer[Difference]):
    resolution = serializers.SerializerMethodField(help_text=_("What to do, or what made an end of it."))

    class Meta:
        model = Difference
        fields = [
            "kind",
            "side",
            "subject",
            "payment",
            "ours",
            "theirs",
            "state",
            "resolution",
            "found_at",
            "resolved_at",
        ]

    def get_resolution(self, difference: Difference) -> str:
        if difference.state == DifferenceState.OPEN:
            return str(DIFFERENCE_ADVICE[DifferenceKind(difference.kind)])
        return str(DifferenceState(difference.state).label)


class ReconciliationDetailSerializer(ReconciliationSerializer):
    differences = serializers.SerializerMethodField(help_text=_("The open ones first; at most 500."))

    class Meta(ReconciliationSerializer.Meta):
        fields = [*ReconciliationSerializer.Meta.fields, "differences"]

    @extend_schema_field(DifferenceSerializer(many=True))
    def get_differences(self, run: Reconciliation) -> Any:
        return DifferenceSerializer(differences_of(run), many=True).data
