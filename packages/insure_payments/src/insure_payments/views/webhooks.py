"""Where providers tell us that something has happened."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.views import ApiView
from insure_common.conf import CommonSettings
from insure_common.exceptions import PayloadTooLarge
from insure_payments.services.receive_webhook import receive_webhook

SCHEMA: dict[str, Any] = {"request": {"application/json": dict}, "responses": {200: None}}


class WebhookView(ApiView):
    """Answers exactly 200 to every authentic event: after any other code a provider sends it again."""

    provider: ClassVar[str]
    authentication_classes = []
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        limit = CommonSettings.load().MAX_BODY_BYTES
        # The signature is over the event's own bytes, so no parser comes in between.
        body = request._request.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge
        receive_webhook(provider=self.provider, headers=request.headers, body=body)
        return Response(status=200)


@extend_schema_view(post=extend_schema(operation_id="receive_wompi_event", **SCHEMA))
class WompiWebhookView(WebhookView):
    provider = "WOMPI"


@extend_schema_view(post=extend_schema(operation_id="receive_pse_event", **SCHEMA))
class PseWebhookView(WebhookView):
    provider = "PSE"
