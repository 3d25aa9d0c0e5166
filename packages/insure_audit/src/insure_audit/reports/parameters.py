"""Parameters that many reports share."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from insure_common.api.serializers import StrictSerializer
from insure_common.exceptions import ValidationError

LONGEST_PERIOD = timedelta(days=366)


class Period(StrictSerializer):
    """`from` and `to`, days in Bogota, both included."""

    to = serializers.DateField(label=gettext_lazy("To"))

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language.
        return {"from": serializers.DateField(label=gettext_lazy("From")), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["to"] < attrs["from"]:
            raise ValidationError({"to": [_("Must not be before the first day.")]})
        if attrs["to"] - attrs["from"] >= LONGEST_PERIOD:
            raise ValidationError({"to": [_("At most %(days)s days.") % {"days": LONGEST_PERIOD.days}]})
        return attrs
