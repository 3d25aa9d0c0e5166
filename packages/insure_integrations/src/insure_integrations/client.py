"""ResilientClient: the only way in which the packages call other systems.

Every other system is unreliable: it refuses, hangs, drips, redirects, floods or answers garbage. What a call may cost
is bounded here, and every attempt leaves an ExternalCall.
"""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from django.db import connection, transaction
from tenacity import RetryCallState, Retrying, retry_if_exception_type, retry_if_result, stop_after_attempt
from tenacity.wait import wait_random_exponential

from insure_common import correlation
from insure_common.ids import new_id
from insure_integrations.breaker import breaker_of
from insure_integrations.conf import IntegrationsSettings
from insure_integrations.masking import MASKED_NAMES, loggable, masked
from insure_integrations.models import ExternalCall

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 20.0
"""One attempt ends after this, however busily the other side keeps dripping."""
MAX_BYTES = 10 * 1024 * 1024
ATTEMPTS = 3
LONGEST_WAIT_SECONDS = 10.0
"""A system that asks for more patience (Retry-After) gets it from the caller, not from a sleeping worker."""
RETRIED_STATUSES = frozenset({429, 502, 503, 504})

_backoff = wait_random_exponential(multiplier=0.5, max=5)


class SystemUnreachable(Exception):
    """No usable answer came. `sent` tells whether the request may have arrived and had its effect."""

    def __init__(self, system: str, reason: str, *, sent: bool) -> None:
        super().__init__(f"{system}: {reason}")
        self.system, self.reason, self.sent = system, reason, sent


class CircuitOpen(SystemUnreachable):
    """The system failed often lately and is not asked for `seconds`; nothing was sent."""

    def __init__(self, system: str, seconds: int) -> None:
        super().__init__(system, "circuit_open", sent=False)
        self.seconds = seconds


class UnreadableAnswer(ValueError):
    """The body is not the JSON that it should be."""


class _ConnectFailed(SystemUnreachable):
    pass


@dataclass(frozen=True, slots=True)
class Response:
    """Any HTTP answer, errors and redirects included; the caller maps it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises UnreadableAnswer."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise UnreadableAnswer("the answer is not JSON") from None

    @property
    def retry_after(self) -> int | None:
        """Seconds asked for by Retry-After, if it is given in seconds."""
        text = self.headers.get("retry-after", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


class ResilientClient:
    """Calls one system.

    `auth` gives the headers that identify us and is asked before every attempt. Time-outs are in seconds and hold for
    one attempt; an idempotent call makes up to three.
    """

    def __init__(
        self,
        *,
        system: str,
        base_url: str,
        auth: Callable[[], Mapping[str, str]] | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.system = system
        self._base_url = base_url.rstrip("/")
        self._auth = auth or dict
        self._timeout = httpx.Timeout(read_seconds, connect=connect_seconds)
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes
        self._breaker = breaker_of(system)

    def request(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        idempotent: bool,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        mask: Collection[str] = (),
    ) -> Response:
        """Send one request and return whatever HTTP answer comes.

        `operation` names the call in the log; `mask` holds further parts of field names to mask there. Only an
        `idempotent` call is sent again, and only after a failed connection, 429, 502, 503 or 504.
        Raises SystemUnreachable without an answer (its subclass CircuitOpen without even trying), and
        TransactionManagementError inside a transaction, which must not stay open while others take their time.
        """
        if connection.in_atomic_block:
            raise transaction.TransactionManagementError(f"{operation} must not be called inside a transaction")
        number = correlation.correlation_id() or new_id()
        call = httpx.Request(
            method,
            self._base_url + path,
            params={name: value for name, value in (params or {}).items() if value is not None},
            json=json,
            data=form,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "insure",
                "X-Correlation-ID": str(number),
                **(headers or {}),
            },
        )
        names = {name.lower() for name in (*MASKED_NAMES, *IntegrationsSettings.load().MASKED_NAMES, *mask)}
        entry = {
            "system": self.system,
            "operation": operation,
            "method": method,
            "path": path[:500],
            "correlation_id": number,
            "request": {
                "params": masked(dict(call.url.params), names),
                "body": masked(json if form is None else dict(form), names),
            },
        }
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS if idempotent else 1),
            wait=_wait,
            retry=retry_if_exception_type(_ConnectFailed) | retry_if_result(_is_worth_a_retry),
            retry_error_callback=_last_outcome,
        )
        return attempts(self._attempt, call, entry, names, attempts)

    def _attempt(
        self, call: httpx.Request, entry: dict[str, Any], names: Collection[str], attempts: Retrying
    ) -> Response:
        if seconds := self._breaker.refuses_for():
            raise CircuitOpen(self.system, seconds)
        call.headers.update(self._auth())
        started, answer, error = time.monotonic(), None, ""
        try:
            answer = asyncio.run(self._send(call))
        except SystemUnreachable as failure:
            error = failure.reason
            raise
        finally:
            self._count(answer)
            settings = IntegrationsSettings.load()
            content_type = answer.headers.get("content-type", "") if answer else ""
            ExternalCall.objects.create(
                **entry,
                attempt=attempts.statistics.get("attempt_number", 1),
                status=answer.status if answer else None,
                response=loggable(answer.body, content_type, names, max_bytes=settings.CALL_LOG_MAX_BYTES)
                if answer
                else None,
                duration_ms=round((time.monotonic() - started) * 1000),
                error="" if answer else error or "interrupted",
            )
        return answer

    async def _send(self, call: httpx.Request) -> Response:
        """One attempt. An event loop of its own is what gives it a deadline that also holds while headers drip."""
        try:
            async with (
                asyncio.timeout(self._total_seconds),
                httpx.AsyncClient(
                    verify=_trusted_authorities(), timeout=self._timeout, follow_redirects=False, trust_env=False
                ) as client,
            ):
                answer = await client.send(call, stream=True)
                try:
                    return Response(answer.status_code, answer.headers, await self._read(answer))
                finally:
                    await answer.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _ConnectFailed(self.system, type(error).__name__, sent=False) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise SystemUnreachable(self.system, type(error).__name__, sent=True) from error

    async def _read(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise SystemUnreachable(self.system, "answer_too_large", sent=True)
        return bytes(body)

    def _count(self, answer: Response | None) -> None:
        if answer is None or answer.status >= 500:
            self._breaker.failed()
        else:
            self._breaker.succeeded()


@cache
def _trusted_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _is_worth_a_retry(answer: Response) -> bool:
    return answer.status in RETRIED_STATUSES and (answer.retry_after or 0) <= LONGEST_WAIT_SECONDS


def _wait(state: RetryCallState) -> float:
    asked = state.outcome.result().retry_after if state.outcome and not state.outcome.failed else None
    return max(_backoff(state), asked or 0)


def _last_outcome(state: RetryCallState) -> Any:
    """What the last attempt ended with: its answer, or its own exception."""
    return state.outcome.result() if state.outcome else None
