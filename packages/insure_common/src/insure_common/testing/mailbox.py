"""A mailbox on real SMTP: what arrives can be read in memory, as JSON and as a page."""

import asyncio
import email.policy
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from insure_common import clock
from insure_common.ids import new_id

LARGEST_MESSAGE = 10_000_000

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:32px auto;padding:0 16px;color:#1d2939}
article{border:1px solid #d0d5dd;border-radius:8px;margin:16px 0;overflow:hidden}
header{background:#f2f4f7;padding:10px 14px}
iframe{width:100%%;height:520px;border:0}small{color:#667085}</style><main><h1>Mail</h1>%s</main></html>"""


class Mailbox:
    """Handler of an SMTP server that accepts everything, and the pages that show it, newest first."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self._messages: list[dict[str, Any]] = []
        self.app = Starlette(
            routes=[Route("/", self._page), Route("/messages/", self._json)], lifespan=lambda _: self.smtp()
        )

    @asynccontextmanager
    async def smtp(self) -> AsyncIterator[None]:
        """Serve SMTP on `host:port` (0: a free one, then readable in `port`) in the running event loop."""
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, data_size_limit=LARGEST_MESSAGE, enable_SMTPUTF8=True), self.host, self.port
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=email.policy.default)
        bodies = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
        self._messages.append(
            {
                "id": str(new_id()),
                "to": ", ".join(envelope.rcpt_tos),
                "subject": str(message["subject"] or ""),
                "text": bodies["plain"].get_content() if bodies["plain"] else "",
                "html": bodies["html"].get_content() if bodies["html"] else "",
                "attachments": [
                    {"filename": part.get_filename(), "content_type": part.get_content_type()}
                    for part in message.iter_attachments()
                ],
                "received_at": clock.now().isoformat(),
            }
        )
        return "250 OK"

    def messages(self, to: str | None = None) -> list[dict[str, Any]]:
        """What arrived, newest first, for one address or for all."""
        return [message for message in reversed(self._messages) if to is None or message["to"] == to]

    def clear(self) -> None:
        self._messages.clear()

    async def _json(self, request: Request) -> JSONResponse:
        return JSONResponse(self.messages(request.query_params.get("to")))

    async def _page(self, request: Request) -> HTMLResponse:
        articles = (
            f"<article><header><b>{html.escape(message['subject'])}</b><br><small>{html.escape(message['to'])} · "
            f"{message['received_at']}</small></header><iframe sandbox srcdoc='{html.escape(message['html'])}'>"
            "</iframe></article>"
            for message in self.messages(request.query_params.get("to"))
        )
        return HTMLResponse(PAGE % ("".join(articles) or "<p>Nothing has arrived.</p>"))
