"""Expected errors. Each has a stable `default_code`, which is the `code` of the answer."""

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAuthenticated,
    NotFound,
    ParseError,
    PermissionDenied,
    Throttled,
    ValidationError,
)

__all__ = [
    "APIException",
    "AuthenticationFailed",
    "Conflict",
    "NotAuthenticated",
    "NotFound",
    "ParseError",
    "PayloadTooLarge",
    "PermissionDenied",
    "ServiceUnavailable",
    "TooManyRequests",
    "Unprocessable",
    "ValidationError",
]


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = _("The request does not fit the present state.")
    default_code = "conflict"


class PayloadTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The request body is too large.")
    default_code = "payload_too_large"


class Unprocessable(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = _("The request cannot be processed.")
    default_code = "unprocessable"


class ServiceUnavailable(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The service is not available at the moment. Please try again shortly.")
    default_code = "service_unavailable"


class TooManyRequests(Throttled):
    """Limit reached; `wait` is in seconds and becomes the header Retry-After."""

    wait: int | None
    default_code = "too_many_requests"
