"""Metrics for Prometheus: requests as the web server's processes count them, and the packages' gauges.

The processes of one gunicorn count into files of a directory that they share, so any of them answers for all. What the
gauges tell is in the database and the same wherever it is asked for.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from http import HTTPMethod
from secrets import compare_digest

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from deploy_project.shared_counts import DIRECTORY
from insure_common.conf import CommonSettings, import_dotted
from insure_common.metrics import Gauge

logger = logging.getLogger(__name__)

METHODS = {method.value for method in HTTPMethod}
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)

requests = Counter("insure_http_requests", "Requests answered.", ["method", "route", "status"])
durations = Histogram("insure_http_request_seconds", "Time to answer.", ["method", "route"], buckets=SECONDS)


class RequestMetrics:
    """Counts and times every request by its route; what matches none is one route, however many paths are tried."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - started
        method = request.method if request.method in METHODS else "OTHER"
        route = f"/{request.resolver_match.route}" if request.resolver_match else "none"
        requests.labels(method, route, response.status_code).inc()
        durations.labels(method, route).observe(seconds)
        return response


class PackageGauges(Collector):
    """The gauges of INSURE_COMMON["METRICS"]; without the database the requests are still told."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        failed = GaugeMetricFamily("insure_gauges_failed", "1 if these gauges could not be read.", labels=["gauges"])
        for path in CommonSettings.load().METRICS:
            try:
                families = [_family(gauge) for gauge in import_dotted(path)()]
            except DatabaseError:
                logger.warning("gauges cannot be read", extra={"gauges": path}, exc_info=True)
                failed.add_metric([path], 1)
            else:
                yield from families
                failed.add_metric([path], 0)
        yield failed


def _family(gauge: Gauge) -> GaugeMetricFamily:
    family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
    for labels, value in gauge.values.items():
        family.add_metric(labels, value)
    return family


def metrics(request: HttpRequest) -> HttpResponse:
    """For the bearer of METRICS_TOKEN; for everybody else, and where none is set, this page does not exist."""
    token, given = settings.METRICS_TOKEN, request.headers.get("Authorization", "")
    if not token or not compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Http404
    counted: CollectorRegistry = REGISTRY
    if DIRECTORY in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call] # prometheus_client has no types here
    gauges = CollectorRegistry()
    gauges.register(PackageGauges())
    return HttpResponse(generate_latest(counted) + generate_latest(gauges), content_type=CONTENT_TYPE_LATEST)
