"""The production settings, as a real start of the web server reads them: what it refuses and what it sends."""

import base64
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from test_environment import example

TOKEN = "metrics-" + "m" * 40
API, PROBE = "/api/v1/auth/terms/", "/healthz"
OVER_HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    """The environment of .env.example with every placeholder filled in."""
    folder = tmp_path_factory.mktemp("production")
    filled = {name: value.replace("change-me", name.lower() + "x" * 40) for name, value in example().items()}
    keys = {"JWT_KEYS": b"j", "AUDIT_SEAL_KEYS": b"a"}
    return {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "DATABASE_URL", "REDIS_URL")},
        **{name: value for name, value in filled.items() if name not in ("DATABASE_URL", "REDIS_URL")},
        **{name: "a=" + base64.b64encode(letter * 32).decode() for name, letter in keys.items()},
        "DJANGO_SETTINGS_MODULE": "deploy_project.settings",
        "ALLOWED_HOSTS": "127.0.0.1",
        "MEDIA_DIR": f"{folder}/media",
        "AUDIT_ANCHOR_DIR": f"{folder}/audit",
        "METRICS_TOKEN": TOKEN,
        "TMPDIR": str(folder),
    }


@pytest.fixture(scope="module")
def serve(production):
    servers = []

    def start(*, workers: int = 1, **more: str) -> httpx.Client:
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = "127.0.0.1:{1}".format(*free.getsockname())
        command = (sys.executable, "-m", "gunicorn", "deploy_project.wsgi", "--bind", address)
        options = (
            "--worker-class",
            "deploy_project.worker.Worker",
            "--preload",
            "--workers",
            str(workers),
            "--threads",
            "2",
        )
        process = subprocess.Popen([*command, *options], env=production | more, stderr=subprocess.DEVNULL)
        servers.append(process)
        client = httpx.Client(base_url=f"http://{address}", trust_env=False)
        deadline = time.monotonic() + 30
        while True:
            try:
                client.get(PROBE)
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            else:
                return client

    yield start
    for process in servers:
        process.terminate()
    for process in servers:
        process.wait(30)
    assert list(Path(production["TMPDIR"]).glob("insure-metrics-*")) == []


@pytest.fixture(scope="module")
def behind_proxy(serve):
    return serve(TRUSTED_PROXY_COUNT="1", workers=2)


@pytest.fixture(scope="module")
def without_proxy(serve):
    return serve(TRUSTED_PROXY_COUNT="0")


def test_checks_for_a_deployment_are_clean(production):
    command = [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env=production, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_keys_of_the_providers_sandbox_do_not_start_in_production(production):
    sandbox = {"WOMPI_PRIVATE_KEY": "prv_test_" + "x" * 40}
    done = subprocess.run(
        [sys.executable, "-c", "import deploy_project.wsgi"], env=production | sandbox, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "private_key: does not begin with 'prv_prod_'" in done.stderr
    assert sandbox["WOMPI_PRIVATE_KEY"] not in done.stderr


@pytest.mark.parametrize("path", [API, "/nowhere", "/backoffice/", "/static/x.css", "/healthz/"])
@pytest.mark.parametrize(("language", "detail"), [("en", "over https only"), ("es", "solo responde por https")])
def test_plain_http_is_refused_without_a_redirect(behind_proxy, path, language, detail):
    response = behind_proxy.get(path, headers={"Accept-Language": language})
    assert response.status_code == 403
    assert response.json()["code"] == "https_required"
    assert detail in response.json()["detail"]
    assert response.headers["X-Correlation-ID"] == response.json()["correlation_id"]
    assert "Strict-Transport-Security" not in response.headers


@pytest.mark.parametrize("headers", [{"X-Forwarded-Proto": "https"}, {"X-Forwarded-Ssl": "on"}, OVER_HTTPS])
def test_nobody_is_believed_about_https_without_a_trusted_proxy(without_proxy, headers):
    assert without_proxy.get(API, headers=headers).json()["code"] == "https_required"


def test_answers_over_https_have_the_headers_of_security(behind_proxy):
    response = behind_proxy.get(API, headers=OVER_HTTPS)
    assert response.status_code == 200
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in response.headers["Cache-Control"]
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in response.headers
    cookie = behind_proxy.get("/backoffice/login/", headers=OVER_HTTPS).headers["Set-Cookie"]
    assert cookie.startswith("__Secure-csrf=")
    assert "Secure" in cookie.split("; ")


@pytest.mark.parametrize("value", ["application/json; x*=foo''bar", "a/b; x*=a; x*0=b"])
@pytest.mark.parametrize("header", ["Content-Type", "Accept"])
def test_header_that_python_cannot_read_is_no_error_of_ours(behind_proxy, header, value):
    response = behind_proxy.post(f"{API}", headers=OVER_HTTPS | {header: value}, content=b"{}")
    assert response.status_code in (400, 401, 405, 415)
    assert response.json()["correlation_id"] == response.headers["X-Correlation-ID"]


def test_client_cannot_move_the_site_below_another_path(behind_proxy):
    assert behind_proxy.get(API, headers=OVER_HTTPS | {"SCRIPT_NAME": "/x"}).status_code == 200


def test_connection_serves_one_request_so_none_is_closed_while_a_request_comes(behind_proxy):
    assert behind_proxy.get(API, headers=OVER_HTTPS).headers["Connection"] == "close"


@pytest.mark.parametrize("path", ["/api/v1/schema/", "/api/v1/docs/", "/metrics", "/admin/", "/static/", "/.env"])
def test_there_is_nothing_to_explore_for_strangers(behind_proxy, path):
    response = behind_proxy.get(path, headers=OVER_HTTPS)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "Forwarded", "X-Host"])
def test_host_of_a_forwarding_header_is_ignored(behind_proxy, name):
    headers = OVER_HTTPS | {name: "host=evil.example" if name == "Forwarded" else "evil.example"}
    assert "evil.example" not in behind_proxy.get(API, headers=headers).text
    refused = behind_proxy.get(API, headers=OVER_HTTPS | {"Host": "evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")


def test_probes_are_answered_over_http(behind_proxy):
    assert behind_proxy.get(PROBE).json() == {"status": "alive"}
    assert behind_proxy.get("/readyz").json()["status"] in ("ready", "not ready")


def test_any_process_of_the_server_tells_the_requests_of_all(behind_proxy):
    def asked() -> float:
        answer = behind_proxy.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        lines = answer.text.splitlines()
        return float(next(line for line in lines if 'route="/healthz",status="200"' in line).rpartition(" ")[2])

    before = asked()
    for _ in range(40):
        with httpx.Client(base_url=behind_proxy.base_url, trust_env=False) as other:
            other.get(PROBE)
    assert {asked() for _ in range(10)} == {before + 40}
