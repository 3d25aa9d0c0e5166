"""What every answer carries: a correlation id, JSON errors, no caching of personal data."""

from collections.abc import Callable
from datetime import UTC
from http import HTTPStatus
from ipaddress import ip_address
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers

from insure_common.api.errors import error_body, error_response
from insure_common.conf import CommonSettings
from insure_common.correlation import bound

GetResponse = Callable[[HttpRequest], HttpResponse]


class CorrelationMiddleware:
    """Binds the correlation id and the client address for the request; stands first."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with bound(correlation_id=_given_id(request), client_address=client_address_of(request)) as number:
            request.META["HTTP_X_CORRELATION_ID"] = str(number)
            response = self.get_response(request)
        response["X-Correlation-ID"] = str(number)
        return response


def _given_id(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.META.get("HTTP_X_CORRELATION_ID", ""))
    except ValueError:
        return None


def client_address_of(request: HttpRequest) -> str | None:
    """The socket's peer, or the hop of X-Forwarded-For that the outermost trusted proxy wrote."""
    address = request.META.get("REMOTE_ADDR", "")
    if proxies := CommonSettings.load().TRUSTED_PROXY_COUNT:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        address = hops[-proxies] if len(hops) >= proxies else address
    try:
        return str(ip_address(address))
    except ValueError:
        return None


class HttpsOnlyMiddleware:
    """Refuses plain http. It does not redirect: a client would go on sending its token in clear without noticing.

    For production, after ApiAnswersMiddleware. What https is, `SECURE_PROXY_SSL_HEADER` says behind a proxy.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.is_secure() or request.path in CommonSettings.load().HTTP_PATHS:
            return self.get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            body = error_body(translation.gettext("This service answers over https only."), "https_required")
        return JsonResponse(body, status=HTTPStatus.FORBIDDEN)


class ApiAnswersMiddleware:
    """Answers of the API: times in UTC, Django's error pages in the one error shape, nothing kept by caches unasked.

    Stands after CorrelationMiddleware. Pages for people live under the prefixes of INSURE_COMMON["HTML_PATHS"].
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(CommonSettings.load().HTML_PATHS):
            return self.get_response(request)
        with timezone.override(UTC):
            response = self.get_response(request)
        if response.status_code >= 400 and response.get("Content-Type", "").startswith("text/html"):
            response = error_response(response.status_code)
        if not response.has_header("Cache-Control") and not response.has_header("ETag"):
            add_never_cache_headers(response)
        return response
