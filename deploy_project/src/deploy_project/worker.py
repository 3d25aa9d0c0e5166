"""A gunicorn worker whose protocol errors (header too large, bad request line) are JSON like every other error."""

import json
from http import HTTPStatus
from socket import socket
from uuid import uuid4

from gunicorn import util
from gunicorn.workers.gthread import ThreadWorker


def write_json_error(sock: socket, status_int: int, reason: str, mesg: str) -> None:
    body = json.dumps({"detail": reason, "code": "bad_request", "correlation_id": str(uuid4())}).encode()
    head = (
        f"HTTP/1.1 {status_int} {HTTPStatus(status_int).phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("latin1") + body)


util.write_error = write_json_error


class Worker(ThreadWorker):
    """gunicorn -k deploy_project.worker.Worker"""
