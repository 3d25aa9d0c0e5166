"""The local stack, for real: what it tells, what it survives, and that it leaves nothing behind."""

import os
import re
import shlex
import signal
import socket
import stat
import sys
from pathlib import Path

import httpx
import pytest

import insure_cli
from insure_common.testing.servers import temporary_servers

PROCESSES = {"postgres", "redis", "sandbox", "web", "worker", "beat", "relay"}
EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_wheel_is_tested():
    assert "site-packages" in insure_cli.__file__


def test_state_names_everything_and_is_private(running):
    state = running.state
    assert set(state["pids"]) == set(state["logs"]) == PROCESSES
    assert set(state["accounts"]) == {"ADMIN", "SUPERVISOR", "INTERVENTORIA", "CLIENT"}
    assert set(state["env"]) == set(re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert state["database"] != state["database_migration"]
    assert stat.S_IMODE((running.home / "stack.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(running.home.stat().st_mode) == 0o700


def test_status_as_json_is_the_state(running):
    done = running.insure("status", "--json")
    assert done.returncode == 0
    assert done.stdout.strip() == (running.home / "stack.json").read_text().strip()


def test_second_up_shows_the_status_and_changes_nothing(running):
    before = running.state
    done = running.insure("up")
    assert done.returncode == 0
    assert all(name in done.stdout for name in PROCESSES)
    assert running.state == before


def test_web_server_is_ready(running):
    ready = httpx.get(f"{running.state['web']}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_protocol_errors_are_json(running):
    port = int(running.state["web"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"NONSENSE\r\n\r\n")
        answer = connection.recv(4096)
    assert b"Content-Type: application/json" in answer
    assert b'"correlation_id"' in answer


def test_other_commands_join_by_the_exported_environment(running):
    lines = running.insure("env").stdout.splitlines()
    exported = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    assert exported == running.state["env"]
    assert running.insure("outbox", "status", **exported).returncode == 0
    assert "intact" in running.insure("audit", "verify", **exported).stdout
    assert "balanced" in running.insure("ledger", "verify", **exported).stdout


def test_day_is_compared_with_the_provider(running):
    exported = running.state["env"]
    done = running.insure("payments", "reconcile", "--date", "2026-03-02", "--provider", "WOMPI", **exported)
    assert (done.returncode, done.stdout) == (0, "WOMPI 2026-03-02: 0 transactions compared, 0 differences\n")
    refused = running.insure("payments", "reconcile", "--date", "2026-03-02", "--provider", "NOBODY", **exported)
    assert (refused.returncode, refused.stderr) == (2, "provider: There is no such provider.\n")


def test_commands_without_environment_name_what_is_missing(idle):
    done = idle.insure("audit", "verify")
    assert done.returncode == 2
    assert "SECRET_KEY: is missing" in done.stderr


def test_killed_processes_come_back(running):
    before = running.state["pids"]
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    running.wait_until(lambda: not set(running.state["pids"].values()) & set(before.values()))
    running.wait_until(lambda: _is_ready(f"{running.state['web']}/readyz"))
    assert running.state["pids"].keys() == PROCESSES


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_end_leaves_nothing_behind(idle, number):
    with idle.up("--only", "web", "--only", "worker") as process:
        assert set(idle.state["pids"]) == {"postgres", "redis", "sandbox", "web", "worker"}
        process.send_signal(number)
        assert process.wait(60) == (-9 if number == signal.SIGKILL else 0)
        idle.assert_nothing_is_left()


def test_killed_parent_leaves_nothing_behind(idle):
    parent = (sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])")
    with idle.up("--only", "web", command=parent) as process:
        process.kill()
        idle.assert_nothing_is_left()


def test_detached_stack_stays_until_it_is_taken_down(idle):
    done = idle.insure("up", "--detach", "--only", "relay")
    assert done.returncode == 0
    assert "Everything is up" in done.stdout
    assert idle.insure("status").returncode == 0
    assert idle.insure("down").returncode == 0
    idle.assert_nothing_is_left()
    assert idle.insure("status").returncode == 3


def test_second_start_finds_keys_and_accounts_again(idle):
    with idle.up("--only", "relay"):
        before = idle.state
    with idle.up("--only", "relay"):
        after = idle.state
    assert after["accounts"] == before["accounts"]
    assert after["env"]["SECRET_KEY"] == before["env"]["SECRET_KEY"]


def test_reset_deletes_what_the_stack_made_and_nothing_else(idle):
    with idle.up("--only", "relay"):
        (idle.home / "notes.txt").write_text("mine")
        assert idle.insure("reset").returncode == 0
    assert [path.name for path in idle.home.iterdir()] == ["notes.txt"]


def test_port_asked_for_by_name_is_refused_if_it_is_taken(idle):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = idle.insure("up", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert idle.processes() == set()


def test_failed_start_names_the_log_and_leaves_nothing_behind(idle):
    done = idle.insure("up", AUDIT_SEAL_KEYS="not-a-key")
    assert done.returncode == 3
    assert str(idle.home / "logs" / "prepare.log") in done.stderr
    assert "AUDIT_SEAL_KEYS" in done.stderr
    idle.assert_nothing_is_left()


def test_servers_and_usual_ports_give_way(running, idle):
    with temporary_servers() as given:
        urls = {name: given[name] for name in ("DATABASE_URL", "REDIS_URL")}
        with idle.up("--only", "web", **urls):
            state = idle.state
            assert set(state["pids"]) == {"sandbox", "web"}
            assert state["redis"] == urls["REDIS_URL"]
            assert state["database_migration"] == urls["DATABASE_URL"]
            assert "//insure_app_" in state["database"]
            assert state["web"] != running.state["web"]
            assert _is_ready(f"{state['web']}/readyz")


def test_demo_passes_again_and_again(running, tmp_path):
    for _ in range(2):
        report = tmp_path / "demo.json"
        done = running.insure("demo", "--report", str(report))
        assert done.returncode == 0, done.stdout + done.stderr
