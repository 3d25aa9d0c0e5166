"""How a payer pays, as asked for and as shown: each method has fields of its own."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from insure_common.api.serializers import StrictSerializer, TextField, WholeNumberField
from insure_common.exceptions import ValidationError
from insure_payments.enums import PaymentMethod, PersonType

MOST_INSTALLMENTS = 36
DOCUMENT_TYPES = ("CC", "CE", "TI", "RC", "NIT", "PP", "TE", "DE", "PEP", "PPT", "NUIP")


class TypedSerializer(StrictSerializer):
    type = serializers.ChoiceField(PaymentMethod.choices)


class PseMethodSerializer(TypedSerializer):
    """By PSE, at a bank of the payer's choice. Where the provider's page asks for it, less is needed."""

    institution = TextField(
        required=False, validators=[RegexValidator(r"\A[A-Za-z0-9]{1,20}\Z")], help_text=_("Code of the bank.")
    )
    person_type = serializers.ChoiceField(PersonType.choices, required=False)
    id_type = serializers.ChoiceField(DOCUMENT_TYPES)
    id_number = TextField(
        validators=[RegexValidator(r"\A[A-Za-z0-9]{3,20}\Z")], help_text=_("Without dots and check digit.")
    )


class CardMethodSerializer(TypedSerializer):
    """By card: the payer's device has given number and code to the provider and got a token."""

    token = TextField(validators=[RegexValidator(r"\A[A-Za-z0-9_-]{8,200}\Z")])
    installments = WholeNumberField(min_value=1, max_value=MOST_INSTALLMENTS)


class CheckoutMethodSerializer(TypedSerializer):
    """On the provider's own page, by any method that it offers there."""


METHOD_SERIALIZERS: dict[str, type[StrictSerializer]] = {
    PaymentMethod.PSE.value: PseMethodSerializer,
    PaymentMethod.CARD.value: CardMethodSerializer,
    PaymentMethod.CHECKOUT.value: CheckoutMethodSerializer,
}


@extend_schema_field(PolymorphicProxySerializer("Method", {**METHOD_SERIALIZERS}, resource_type_field_name="type"))
class MethodField(serializers.Field[Any, Any, Any, Any]):
    """How the payer pays: each `type` has fields of its own."""

    default_error_messages = {"not_an_object": _("Must be an object.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            self.fail("not_an_object")
        form = METHOD_SERIALIZERS.get(str(data.get("type")))
        if form is None:
            raise ValidationError({"type": [_("There is no such method.")]})
        return form().run_validation(data)


class LastFourField(serializers.CharField):
    def to_representation(self, value: str) -> str:
        return f"****{value[-4:]}"


class PaidMethodSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(PaymentMethod.choices)
    institution = serializers.CharField(required=False)
    person_type = serializers.CharField(required=False)
    id_type = serializers.CharField(required=False)
    id_number = LastFourField(required=False, help_text=_("Only its last four characters."))
    installments = serializers.IntegerField(required=False)
