from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insure_audit.enums import ReportFormat, ReportStatus
from insure_audit.models import Event, Report
from insure_audit.registry import sentence_for
from insure_audit.reports.kinds import report_kinds
from insure_common.api.serializers import StrictSerializer, TextField
from insure_common.api.views import PageQuery


class AuditEventQuery(PageQuery):
    actor = TextField(required=False, help_text="Id of the user who acted.")
    action = TextField(required=False)
    target_type = TextField(required=False)
    target_id = TextField(required=False)
    correlation_id = serializers.UUIDField(required=False)
    to = serializers.DateTimeField(required=False, help_text="Before this moment.")

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language.
        return super().get_fields() | {
            "from": serializers.DateTimeField(required=False, help_text="At this moment or later.")
        }

    def validate_actor(self, value: str) -> Any:
        return get_user_model()._meta.pk.to_python(value)


class AuditEventSerializer(serializers.ModelSerializer[Event]):
    actor = serializers.CharField(source="actor_id", allow_null=True, help_text="Null when the system acted by itself.")
    sentence = serializers.SerializerMethodField(help_text="The action in the language of the request.")

    class Meta:
        model = Event
        fields = (
            "id",
            "actor",
            "actor_role",
            "action",
            "sentence",
            "target_type",
            "target_id",
            "occurred_at",
            "correlation_id",
            "client_address",
            "metadata",
        )
        read_only_fields = fields

    def get_sentence(self, event: Event) -> str:
        return sentence_for(event.action)


@extend_schema_field({"type": "object", "additionalProperties": {"type": ["string", "null"]}})
class TextsField(serializers.DictField):
    pass


class ProofSerializer(serializers.Serializer[Any]):
    event = TextsField(help_text="The texts that are hashed, in this order.")
    place = serializers.IntegerField(help_text="Place in the whole trail, from one.")
    index = serializers.IntegerField(help_text="Place in the seal's tree, from zero.")
    path = serializers.ListField(child=serializers.CharField(), help_text="Digests from the leaf upwards.")
    seal = TextsField(help_text="The texts that are signed, in this order.")
    signature = serializers.CharField(help_text="Ed25519, hexadecimal, by the key named in the seal.")


class ReportQuery(PageQuery):
    kind = TextField(required=False)
    status = serializers.ChoiceField(choices=ReportStatus.choices, required=False)


class ReportRequest(StrictSerializer):
    kind = TextField(max_length=100)
    format = serializers.ChoiceField(choices=ReportFormat.choices)
    parameters = serializers.DictField(default=dict, help_text="As `report-kinds/` says for the kind.")


class ReportSerializer(serializers.ModelSerializer[Report]):
    title = serializers.SerializerMethodField(help_text="In the language of the request.")
    requested_by = serializers.CharField(source="requested_by_id")
    error = serializers.CharField(source="get_failure_reason_display", help_text="Why it failed, for people.")

    class Meta:
        model = Report
        fields = (
            "id",
            "kind",
            "title",
            "format",
            "parameters",
            "requested_by",
            "is_masked",
            "status",
            "progress",
            "rows",
            "sha256",
            "failure_reason",
            "error",
            "created_at",
            "finished_at",
            "expires_at",
        )
        read_only_fields = fields

    def get_title(self, report: Report) -> str:
        return str(report_kinds()[report.kind].title)


class ReportKindSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    title = serializers.CharField()
    formats = serializers.ListField(child=serializers.ChoiceField(choices=ReportFormat.choices))
    parameters = serializers.DictField(
        child=serializers.DictField(), help_text="By name: type, required, label, and what else limits it."
    )


class ReportKindPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ReportKindSerializer(many=True)
