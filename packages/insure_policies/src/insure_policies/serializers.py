from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insure_common.api.serializers import MoneySerializer, TextField
from insure_common.api.views import PageQuery
from insure_common.masking import masked_document, masked_name
from insure_policies.enums import PolicyStatus
from insure_policies.models import Coverage, Document, Policy
from insure_policies.permissions import VIEW_INSURED


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


class InsuredSerializer(serializers.Serializer[Any]):
    """A person or thing insured, as the insurer describes it."""

    kind = serializers.CharField()
    description = serializers.CharField()
    identifier = serializers.CharField(help_text="A document number, a plate, an address.")


class AdminPolicySerializer(serializers.ModelSerializer[Policy]):
    """What staff see of policies in a list: who and what they insure is masked."""

    user = serializers.CharField(source="user_id", allow_null=True, help_text="Null until the holder is a user.")
    external_reference = serializers.CharField(source="reference", help_text="Reference in the core system.")
    product = serializers.CharField(source="product_code")
    insured = serializers.SerializerMethodField(help_text="Masked.")
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
            "insured",
            "insurer",
            "premium",
            "payment_plan",
            "coverages",
            "documents",
            "last_synced_at",
        )
        read_only_fields = fields

    @extend_schema_field(InsuredSerializer(many=True))
    def get_insured(self, policy: Policy) -> list[dict[str, str]]:
        return [
            insured
            | {
                "description": masked_name(insured["description"]),
                "identifier": masked_document(insured["identifier"]),
            }
            for insured in policy.insured
        ]


class AdminPolicyDetailSerializer(AdminPolicySerializer):
    """What staff see of one policy, which is audited."""

    insured = serializers.SerializerMethodField(help_text="Masked for those without the right `view_insured`.")

    @extend_schema_field(InsuredSerializer(many=True))
    def get_insured(self, policy: Policy) -> list[dict[str, str]]:
        if self.context["request"].user.has_perm(VIEW_INSURED):
            return list(policy.insured)
        return super().get_insured(policy)


class PolicySerializer(AdminPolicySerializer):
    """A client's own policy."""

    insured = InsuredSerializer(many=True)  # type: ignore[assignment] # a client's own are shown as they are

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
