from typing import Any

from rest_framework import serializers

from insure_common.api.serializers import MoneySerializer, TextField
from insure_common.api.views import PageQuery
from insure_policies.enums import PolicyStatus
from insure_policies.models import Coverage, Document, Policy


class PolicyQuery(PageQuery):
    status = serializers.ChoiceField(choices=PolicyStatus.choices, required=False)
    product = TextField(required=False, help_text="Product code.")


class AdminPolicyQuery(PolicyQuery):
    number = TextField(required=False)


class PremiumSerializer(serializers.Serializer[Any]):
    net = MoneySerializer()
    tax = MoneySerializer()
    total = MoneySerializer()


class CoverageSerializer(serializers.ModelSerializer[Coverage]):
    insured_amount = MoneySerializer()
    deductible = MoneySerializer()
    premium = MoneySerializer()

    class Meta:
        model = Coverage
        fields = ("code", "name", "insured_amount", "deductible", "premium")
        read_only_fields = fields


class DocumentSerializer(serializers.ModelSerializer[Document]):
    is_available = serializers.BooleanField(help_text="False while the file is being fetched from the insurer.")

    class Meta:
        model = Document
        fields = ("id", "name", "issued_on", "content_type", "size", "sha256", "is_available")
        read_only_fields = fields


class AdminPolicySerializer(serializers.ModelSerializer[Policy]):
    """What staff see of any policy: nothing about the persons and things insured."""

    user = serializers.CharField(source="user_id", allow_null=True, help_text="Null until the holder is a user.")
    external_reference = serializers.CharField(source="reference", help_text="Reference in the core system.")
    product = serializers.CharField(source="product_code")
    premium = PremiumSerializer()
    coverages = CoverageSerializer(many=True)
    documents = DocumentSerializer(many=True)

    class Meta:
        model = Policy
        fields = (
            "id",
            "user",
            "holder_reference",
            "external_reference",
            "number",
            "product",
            "status",
            "starts_on",
            "ends_on",
            "insurer",
            "premium",
            "payment_plan",
            "coverages",
            "documents",
            "last_synced_at",
        )
        read_only_fields = fields


class PolicySerializer(AdminPolicySerializer):
    """A client's own policy."""

    insured = serializers.JSONField(help_text="The persons or things insured, as the insurer describes them.")

    class Meta(AdminPolicySerializer.Meta):
        fields = (  # type: ignore[assignment] # another selection of the same kind
            "id",
            "external_reference",
            "number",
            "product",
            "status",
            "starts_on",
            "ends_on",
            "insured",
            "insurer",
            "premium",
            "payment_plan",
            "coverages",
            "documents",
            "last_synced_at",
        )
        read_only_fields = fields  # type: ignore[assignment] # as above
