"""Shapes of requests and answers."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insure_common.api.serializers import StrictSerializer, TextField
from insure_common.api.views import PageQuery
from insure_integrations.enums import SyncStatus
from insure_integrations.kinds import find_kind
from insure_integrations.models import ExternalCall, Notification, SyncQuarantine, SyncRun


class SyncRunQuery(PageQuery):
    job = TextField(required=False, max_length=80)
    status = serializers.ChoiceField(choices=SyncStatus.choices, required=False)


class SyncRunRequest(StrictSerializer):
    job = TextField(max_length=80, help_text="One of admin/sync-jobs/.")
    full = serializers.BooleanField(default=False, help_text="Everything, not only what has changed.")


class SyncRunSerializer(serializers.ModelSerializer[SyncRun]):
    requested_by = serializers.UUIDField(source="requested_by_id", allow_null=True, help_text="Null for the schedule.")

    class Meta:
        model = SyncRun
        fields: tuple[str, ...] = (
            "id",
            "job",
            "status",
            "full",
            "requested_by",
            "created_at",
            "started_at",
            "finished_at",
            "heartbeat_at",
            "updated_since",
            "total",
            "seen",
            "created",
            "updated",
            "unchanged",
            "failed",
            "cursor",
            "error",
        )
        read_only_fields = fields


class QuarantinedRowSerializer(serializers.ModelSerializer[SyncQuarantine]):
    class Meta:
        model = SyncQuarantine
        fields = ("reference", "reason", "created_at", "refused_at")
        read_only_fields = fields


class SyncRunDetailSerializer(SyncRunSerializer):
    quarantine = serializers.SerializerMethodField(help_text="The first 100 rows that this run refused last.")

    class Meta(SyncRunSerializer.Meta):
        fields = (*SyncRunSerializer.Meta.fields, "quarantine")
        read_only_fields = fields

    @extend_schema_field(QuarantinedRowSerializer(many=True))
    def get_quarantine(self, run: SyncRun) -> Any:
        return QuarantinedRowSerializer(run.quarantine.order_by("reference")[:100], many=True).data


class SyncJobSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    system = serializers.CharField()
    last_run = SyncRunSerializer(allow_null=True)
    last_success = SyncRunSerializer(allow_null=True)


class SyncJobPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SyncJobSerializer(many=True)


class ExternalCallQuery(PageQuery):
    system = TextField(required=False, max_length=40)
    status = serializers.IntegerField(required=False, min_value=100, max_value=599, help_text="HTTP status.")
    correlation_id = serializers.UUIDField(required=False)


@extend_schema_field({"type": ["object", "array", "string", "number", "boolean", "null"]})
class PayloadField(serializers.JSONField):
    pass


class ExternalCallSerializer(serializers.ModelSerializer[ExternalCall]):
    class Meta:
        model = ExternalCall
        fields: tuple[str, ...] = (
            "id",
            "system",
            "operation",
            "attempt",
            "method",
            "path",
            "status",
            "duration_ms",
            "correlation_id",
            "error",
            "created_at",
        )
        read_only_fields = fields


class ExternalCallDetailSerializer(ExternalCallSerializer):
    request = PayloadField(help_text="Masked.")
    response = PayloadField(help_text="Masked JSON, or type, size and digest of anything else.")

    class Meta(ExternalCallSerializer.Meta):
        fields = (*ExternalCallSerializer.Meta.fields, "request", "response")
        read_only_fields = fields


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    title = serializers.SerializerMethodField(help_text="In the language of the request.")

    class Meta:
        model = Notification
        fields = ("id", "kind", "title", "context", "status", "created_at", "sent_at", "read_at")
        read_only_fields = fields

    def get_title(self, notification: Notification) -> str:
        return str(find_kind(notification.kind).title)
