"""OpenAPI conventions: filters from the view's query serializer, the one error shape on every operation."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny

ErrorSerializer = inline_serializer(
    "Error",
    {
        "detail": serializers.CharField(),
        "code": serializers.CharField(),
        "correlation_id": serializers.UUIDField(allow_null=True),
        "errors": serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            required=False,
            help_text="By field; only in a 400 from validation.",
        ),
    },
)


class AutoSchema(SpectacularAutoSchema):
    def get_override_parameters(self) -> list[Any]:
        query = getattr(self.view, "query_serializer_class", None)
        return [query] if query and self.method == "GET" else []

    def get_tags(self) -> list[str]:
        return [self.view.__module__.split(".")[0].removeprefix("insure_")]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction=direction)
        errors = ["400", "429"]
        if not any(isinstance(permission, AllowAny) for permission in self.view.get_permissions()):
            errors += ["401", "403"]
        if "{" in self.path:
            errors.append("404")
        for status in errors:
            body = self._get_response_for_code(ErrorSerializer, status, direction=direction)  # type: ignore[no-untyped-call]
            bodies.setdefault(status, body)
        return bodies
