"""GET /verify/{code}/: a page for who scans a document, JSON for who asks for it."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common import clock
from insure_common.api.throttles import FairUse
from insure_common.api.views import ApiView
from insure_common.conf import CommonSettings
from insure_common.exceptions import NotFound
from insure_common.verification import Verified, verify


class VerifiedSerializer(serializers.Serializer[Verified]):
    kind = serializers.CharField()
    number = serializers.CharField()
    issued_at = serializers.DateTimeField(default_timezone=UTC)
    status = serializers.CharField()
    ended_at = serializers.DateTimeField(
        default_timezone=UTC, allow_null=True, help_text="Since when it is no longer in force."
    )
    sha256 = serializers.CharField(help_text="Of the file; empty until there is one.")
    is_file_intact = serializers.BooleanField(
        allow_null=True, help_text="Whether the stored file still has this digest; null where it cannot be read now."
    )


class PageRenderer(BaseRenderer):
    """The answer of VerificationView, whatever it is, as one page without script."""

    media_type = "text/html"
    format = "html"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> str:
        context = renderer_context or {}
        page = {
            "verified": context["view"].verified,
            "company": CommonSettings.load().COMPANY,
            "now": clock.now(),
            "is_unknown": context["response"].status_code == 404,
            "detail": (data or {}).get("detail", ""),
        }
        return render_to_string("insure_common/verify.html", page)


class VerificationView(ApiView):
    """What anybody may know of a document: number, dates, whether it is in force, and the digest of its file."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (PageRenderer, JSONRenderer)
    throttle_classes = (FairUse,)
    throttle_scope = "verify"
    metadata_class = None
    verified: Verified | None = None

    @property
    def default_response_headers(self) -> dict[str, str]:
        # Not kept by anybody: what is in force now may be void in a minute.
        kept = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
        return {**super().default_response_headers, **kept}

    @extend_schema(
        operation_id="verify_document",
        responses={(200, "application/json"): VerifiedSerializer, (200, "text/html"): str},
    )
    def get(self, request: Request, code: str) -> Response:
        self.verified = verify(code.rstrip("/"))
        if self.verified is None:
            raise NotFound(_("No document has this code."))
        return Response(VerifiedSerializer(self.verified).data)
