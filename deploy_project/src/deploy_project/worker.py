"""A gunicorn worker: protocol errors are JSON, counts are shared, and Django alone decides what came over https."""

import json
from http import HTTPStatus
from socket import socket
from typing import Any
from uuid import uuid4

from gunicorn import util
from gunicorn.workers.gthread import ThreadWorker

from deploy_project.shared_counts import make_shared_directory


def write_json_error(sock: socket, status_int: int, reason: str, mesg: str) -> None:
    code = "bad_request" if status_int < HTTPStatus.INTERNAL_SERVER_ERROR else "error"
    body = json.dumps({"detail": reason, "code": code, "correlation_id": str(uuid4())}).encode()
    head = (
        f"HTTP/1.1 {status_int} {HTTPStatus(status_int).phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("latin1") + body)


util.write_error = write_json_error


class Worker(ThreadWorker):
    """gunicorn -k deploy_project.worker.Worker"""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # By default gunicorn believes whoever connects from loopback; TRUSTED_PROXY_COUNT says whom to believe.
        self.cfg.set("secure_scheme_headers", {})
        self.cfg.set("forwarder_headers", "")
        # A kept connection may be closed just when the next request is on its way: each restart would lose some.
        self.cfg.set("keepalive", 0)

    @classmethod
    def setup(cls) -> None:
        """Called by gunicorn before it forks."""
        make_shared_directory()
