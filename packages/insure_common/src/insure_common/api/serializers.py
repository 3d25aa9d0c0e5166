"""Serializers and fields with the conventions of the API."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from insure_common.cards import holds_card_number
from insure_common.exceptions import ValidationError
from insure_common.money import MAX_AMOUNT_IN_CENTS

MOST_UNKNOWN_FIELDS_NAMED = 20


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, naming them, instead of ignoring them."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {field.field_name for field in self._writable_fields}
            unknown = [str(name) for name in data if name not in known][:MOST_UNKNOWN_FIELDS_NAMED]
            if unknown:
                raise ValidationError({name: [_("Unknown field.")] for name in unknown})
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """Text of one line: a JSON string, trimmed, without control characters and without a card number."""

    default_error_messages = {
        "not_text": _("Must be a string without control characters."),
        "card_number": _("Card numbers are not accepted here."),
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or any(unicodedata.category(character) in ("Cc", "Cs") for character in data):
            self.fail("not_text")
        if holds_card_number(data):
            self.fail("card_number")
        return str(super().to_internal_value(data))


class WholeNumberField(serializers.IntegerField):
    """A JSON integer; DRF's own field also takes `"1"`, `1.0` and `true`."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class AmountInCentsField(WholeNumberField):
    """A positive JSON integer of minor units."""

    default_error_messages = {"invalid": _("Must be a positive integer of cents.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_AMOUNT_IN_CENTS, **kwargs)


class MoneySerializer(serializers.Serializer[Any]):
    """`{"amount_in_cents", "currency"}` of a `insure_common.money.Money`."""

    amount_in_cents = serializers.IntegerField()
    currency = serializers.CharField()
