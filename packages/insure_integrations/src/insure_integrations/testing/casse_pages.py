"""Pages of the CASSE sandbox: a walk sees what there was when it began, and each fault that a page can have."""

import asyncio
import base64
import binascii
import json
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from insure_integrations.testing.casse_controls import Controls
from insure_integrations.testing.casse_portfolio import Row

MOST_SNAPSHOTS = 50
HUGE = 11 * 1024 * 1024
SENSELESS = {"amount": "-1e5", "starts_on": "0000-00-00", "due_date": "9999-12-31", "insurer": "\x00"}


class Refusal(Exception):
    """An error answer of the contract: `{"code", "message"}`."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.answer = JSONResponse({"code": code, "message": message}, status_code=status, headers=headers)


@dataclass(slots=True)
class Walks:
    """The walks under way: snapshot name -> the rows as they were, in order."""

    snapshots: OrderedDict[str, list[Row]] = field(default_factory=OrderedDict)

    def page(self, query: Mapping[str, str], rows: dict[str, Row], controls: Controls) -> Response:
        try:
            limit = max(1, min(int(query.get("limit", 100)), 500))
            since = datetime.fromisoformat(query["updated_since"]) if "updated_since" in query else None
        except ValueError:
            raise Refusal(400, "invalid_query", "La consulta no es válida.") from None
        snapshot, offset = self._place(query["cursor"]) if "cursor" in query else (self._begin(rows, since), 0)
        fault = controls.pages.get(offset // limit + 1) or controls.pages.get(0)
        walked = self.snapshots[snapshot]
        page, total, end = walked[offset : offset + limit], len(walked), offset + limit
        if fault == "repeat":
            page = walked[:limit]
        elif fault == "empty":
            page, end = [], total
        elif fault == "shrink":
            page, total = page[:-1], total - 1
        elif fault == "wrong_total":
            total += 990
        body = {
            "results": [_served(row, controls) for row in page],
            "snapshot": snapshot,
            "total": total,
            "next_cursor": _cursor(snapshot, end) if end < len(walked) else None,
        }
        return _damaged(fault, body)

    def _begin(self, rows: dict[str, Row], since: datetime | None) -> str:
        chosen = [row for row in list(rows.values()) if not since or datetime.fromisoformat(row["updated_at"]) >= since]
        name = secrets.token_hex(8)
        self.snapshots[name] = sorted(
            chosen, key=lambda row: (datetime.fromisoformat(row["updated_at"]), row["reference"])
        )
        if len(self.snapshots) > MOST_SNAPSHOTS:
            self.snapshots.popitem(last=False)
        return name

    def _place(self, cursor: str) -> tuple[str, int]:
        try:
            snapshot, offset = base64.urlsafe_b64decode(cursor).decode().split(":")
        except (binascii.Error, ValueError):
            raise Refusal(400, "invalid_cursor", "El cursor no es válido.") from None
        if snapshot not in self.snapshots:
            raise Refusal(410, "cursor_expired", "El recorrido venció; empiece de nuevo.")
        return snapshot, int(offset)


def _served(row: Row, controls: Controls) -> Row:
    if row["reference"] not in controls.corrupt:
        return row
    return {name: SENSELESS.get(name, value) for name, value in row.items()}


def _cursor(snapshot: str, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{snapshot}:{offset}".encode()).decode()


def _damaged(fault: str | None, body: dict[str, Any]) -> Response:
    if fault == "error":
        raise Refusal(500, "internal_error", "Error interno.")
    if fault == "too_many_requests":
        raise Refusal(429, "too_many_requests", "Demasiadas solicitudes.", {"Retry-After": "1"})
    if fault == "redirect":
        return RedirectResponse("http://169.254.169.254/latest/meta-data/", status_code=302)
    if fault == "garbage":
        return HTMLResponse("<html><body>Mantenimiento programado</body></html>")
    if fault == "huge":
        return Response(b'"' + b"x" * HUGE + b'"', media_type="application/json")
    content = json.dumps(body).encode()
    if fault == "truncated":
        return Response(content[: len(content) // 2], media_type="application/json")
    if fault == "drip":
        return StreamingResponse(_dripping(content), media_type="application/json")
    return Response(content, media_type="application/json")


async def _dripping(content: bytes) -> AsyncIterator[bytes]:
    for byte in content:
        yield bytes([byte])
        await asyncio.sleep(1)
