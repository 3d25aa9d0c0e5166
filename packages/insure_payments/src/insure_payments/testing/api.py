"""How the API of any provider's sandbox answers, faults included."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from insure_payments.testing.controls import ApiFault
from insure_payments.testing.state import SandboxState

Json = dict[str, Any]
Work = Callable[[Request, Any], Any]
"""What a call does, given its body (None if that is no JSON): the content of a success. Raises Refused."""


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(body)
        self.status, self.body = status, body


def api_route(
    path: str,
    work: Work,
    *,
    operation: str,
    state: SandboxState[Any, Any],
    altered: Callable[[Any, ApiFault], Any],
    method: str = "GET",
    status: int = 200,
) -> Route:
    """A route that answers with what `work` makes of a request, or with the fault that `operation` has.

    `altered` is the content of a success with something wrong in it.
    """

    async def endpoint(request: Request) -> Response:
        body = await _json(request)
        await asyncio.sleep(state.controls.latency_ms / 1000)
        fault = state.take_fault(operation)
        if fault == "bad_gateway" or random.random() < state.controls.error_rate:
            return HTMLResponse("<html><h1>502 Bad Gateway</h1></html>", status_code=502)
        if fault == "too_many_requests":
            return JSONResponse({"error": {"type": "TOO_MANY_REQUESTS"}}, 429, {"Retry-After": "1"})
        try:
            with state.lock:
                content = work(request, body)
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        text = json.dumps(altered(content, fault) if fault else content)
        if fault == "timeout":
            await asyncio.sleep(state.controls.hang_ms / 1000)
        elif fault == "drip":
            return StreamingResponse(_drip(text), status, media_type="application/json")
        elif fault == "truncated":
            text = text[: len(text) // 2]
        return Response(text, status, media_type="application/json")

    return Route(path, endpoint, methods=[method])


def root_url(request: Request, public_url: str) -> str:
    """Where payers reach the sandbox: `public_url`, or wherever the merchant does."""
    return public_url or f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


async def _json(request: Request) -> Any:
    """The body, or None if it is not JSON."""
    try:
        return json.loads(await request.body())
    except ValueError:
        return None


async def _drip(text: str) -> AsyncIterator[bytes]:
    """One byte a second: always alive, never done."""
    for byte in text.encode():
        yield bytes([byte])
        await asyncio.sleep(1)
