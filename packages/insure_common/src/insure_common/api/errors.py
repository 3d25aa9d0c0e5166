"""The one error shape: `{"detail", "code", "correlation_id"}`, plus `errors` by field for a refused body."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from insure_common.correlation import correlation_id
from insure_common.exceptions import Conflict, PayloadTooLarge, ServiceUnavailable

logger = logging.getLogger(__name__)

TRANSLATED: tuple[tuple[type[Exception], type[drf.APIException]], ...] = (
    (IntegrityError, Conflict),
    (DataError, drf.ParseError),
    (OperationalError, ServiceUnavailable),
    (InterfaceError, ServiceUnavailable),
    (RequestDataTooBig, PayloadTooLarge),
    (SuspiciousOperation, drf.ParseError),
)

LONGEST_FIELD_NAME = 100


def error_body(detail: str, code: str, errors: dict[str, list[str]] | None = None) -> dict[str, Any]:
    number = correlation_id()
    body: dict[str, Any] = {"detail": detail, "code": code, "correlation_id": str(number) if number else None}
    return body | ({"errors": errors} if errors else {})


def error_response(status: int) -> JsonResponse:
    """The answer to a failure outside of the API views: unknown path, bad host, unexpected exception."""
    known = {
        HTTPStatus.NOT_FOUND: (_("Not found."), "not_found"),
        HTTPStatus.FORBIDDEN: (_("You may not do this."), "permission_denied"),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (_("The request body is too large."), "payload_too_large"),
        HTTPStatus.INTERNAL_SERVER_ERROR: (_("Something went wrong on our side."), "error"),
    }
    detail, code = known.get(HTTPStatus(status), (_("The request cannot be understood."), "bad_request"))
    return JsonResponse(error_body(detail, code), status=status)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """REST_FRAMEWORK["EXCEPTION_HANDLER"]: every exception of an API view becomes an answer in the one shape."""
    for raised, answered in TRANSLATED:
        if isinstance(error, raised):
            logger.warning("request failed", exc_info=error)
            error = answered()
    response = drf_exception_handler(error, context)
    if response is None:
        logger.error("unexpected exception", exc_info=error)
        return Response(error_body(_("Something went wrong on our side."), "error"), status=500)
    if isinstance(error, drf.ValidationError) and isinstance(error.detail, dict):
        errors: dict[str, list[str]] = {}
        for field, message in _flattened(error.detail):
            errors.setdefault(field[:LONGEST_FIELD_NAME], []).append(message)
        response.data = error_body(_("Some fields are not valid."), "invalid", errors)
    else:
        detail = _first(error.detail) if isinstance(error, drf.APIException) else _first(response.data["detail"])
        response.data = error_body(str(detail), detail.code or "error")
    return response


def _first(detail: Any) -> drf.ErrorDetail:
    while not isinstance(detail, drf.ErrorDetail):
        detail = next(iter(detail.values())) if isinstance(detail, dict) else detail[0]
    return detail


def _flattened(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flattened(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list):
        for value in detail:
            yield from _flattened(value, path)
    else:
        yield path, str(detail)
