"""Comparisons with provider and core system."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insure_common.api.serializers import StrictSerializer, TextField
from insure_common.api.views import PageQuery
from insure_payments.enums import (
    DIFFERENCE_ADVICE,
    DifferenceKind,
    DifferenceState,
)
from insure_payments.models import (
    Difference,
    Reconciliation,
)
from insure_payments.selectors.reconciliations import differences_of


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
