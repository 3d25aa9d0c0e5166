"""The steps of a walk: each is one HTTP call whose answer must be as expected, and one line on the terminal."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import click
import httpx

PAUSE = 0.2
NAME_WIDTH, CALL_WIDTH = 38, 48
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{6}([0-9a-f]{6})")


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    call: str
    status: int
    ms: int
    ok: bool


class Unexpected(Exception):
    """Something is not as it must be; the message shows the answer and its correlation id."""


class Walk:
    """Calls and keeps what came of them in `steps`."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        # Loopback never goes through a proxy of the environment.
        self._http = httpx.Client(timeout=20, trust_env=False)

    def call(
        self, name: str, method: str, url: str, *, status: int = 200, token: str = "", key: str = "", **options: Any
    ) -> httpx.Response:
        """One call. `token` signs it in, `key` is its Idempotency-Key. Raises Unexpected for any other `status`."""
        started = time.monotonic()
        response = self._request(method, url, token=token, key=key, **options)
        self._note(name, response, since=started, ok=response.status_code == status)
        return response

    def wait(
        self, name: str, url: str, is_there: Callable[[Any], bool], *, token: str = "", seconds: float = 20
    ) -> Any:
        """GET again and again until `is_there` accepts the JSON answer. Raises Unexpected when time is up."""
        started = time.monotonic()
        while True:
            response = self._request("GET", url, token=token)
            is_done = response.is_success and is_there(response.json())
            if is_done or time.monotonic() - started > seconds:
                self._note(name, response, since=started, ok=is_done)
                return response.json()
            time.sleep(PAUSE)

    def look(self, url: str, *, token: str = "") -> Any:
        """GET between two steps; the JSON answer. Raises Unexpected unless it succeeds."""
        response = self._request("GET", url, token=token)
        if not response.is_success:
            raise Unexpected(f"GET {url}\n{_answer(response)}")
        return response.json()

    def command(self, name: str, *arguments: str, environment: Mapping[str, str]) -> str:
        """One `insure` command that must find nothing wrong; what it says."""
        started = time.monotonic()
        command = [sys.executable, "-m", "insure_cli", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        ok = done.returncode == 0
        self._keep(Step(name, f"insure {' '.join(arguments)}", done.returncode, _ms(started), ok))
        if not ok:
            raise Unexpected(done.stdout + done.stderr)
        return done.stdout.strip()

    def require(self, condition: bool, message: str, response: httpx.Response) -> None:
        if not condition:
            raise Unexpected(f"{message}\n{_answer(response)}")

    def _request(self, method: str, url: str, *, token: str, key: str = "", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        try:
            return self._http.request(method, url, headers=headers, **options)
        except httpx.TransportError as error:
            raise Unexpected(f"{method} {url}: {error!r}") from error

    def _note(self, name: str, response: httpx.Response, *, since: float, ok: bool) -> None:
        path = UUID.sub(r"…\1", urlsplit(str(response.request.url))._replace(scheme="", netloc="").geturl())
        self._keep(Step(name, f"{response.request.method} {path}", response.status_code, _ms(since), ok))
        if not ok:
            raise Unexpected(_answer(response))

    def _keep(self, step: Step) -> None:
        self.steps.append(step)
        show_step(len(self.steps), step)


def _ms(since: float) -> int:
    return round((time.monotonic() - since) * 1000)


def _answer(response: httpx.Response) -> str:
    correlation = response.headers.get("X-Correlation-ID", "none")
    return f"{response.status_code} {response.text[:2000]}\ncorrelation id: {correlation}"


def show_step(number: int, step: Step) -> None:
    call = step.call if len(step.call) <= CALL_WIDTH else step.call[: CALL_WIDTH - 1] + "…"
    line = f"{number:>4}  {step.name:<{NAME_WIDTH}}  {call:<{CALL_WIDTH}}  {step.status:>6}  {step.ms:>6} ms"
    click.echo(line if step.ok else click.style(line, fg="red"))
