"""Accounts from a terminal, on the running stack's database."""

import json
import re
import stat
from typing import Any

import httpx
import pytest

PASSWORD = "correcto caballo batería"
REASON = ("--reason", "solicitud 4711")
ACCOUNTS = ("ADMIN", "SUPERVISOR", "INTERVENTORIA", "CLIENT")


class Terminal:
    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.email = {role: stack.state["accounts"][role]["email"] for role in ACCOUNTS}

    def users(self, *arguments: str, acting: str = "ADMIN", **more: str) -> Any:
        by = ("--as", self.email.get(acting, acting)) if acting else ()
        return self.stack.insure("users", *arguments, *by, **{**self.stack.state["env"], **more})

    def shown(self, user: str) -> dict[str, Any]:
        return json.loads(self.users("show", user, "--json").stdout)

    def audited(self) -> str:
        return self.stack.insure("audit", "verify", **self.stack.state["env"]).stdout

    def make_admin(self, number: int, acting: str = "ADMIN", *more: str) -> Any:
        person = (
            "--full-name",
            "Marta Ruiz",
            "--id-type",
            "CC",
            "--id-number",
            f"4710{number}",
            "--phone",
            "3001234567",
        )
        rest = ("--email", f"marta{number}@example.com", "--birth-date", "1980-02-03", "--password", PASSWORD)
        return self.users("create-admin", *person, *rest, *more, acting=acting)


@pytest.fixture(scope="module")
def terminal(running):
    return Terminal(running)


def test_table_is_aligned_and_counts(terminal):
    done = terminal.users("list")
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["NAME", "E-MAIL", "ROLE", "STATUS", "ID"]
    assert all(row[head.index("STATUS") - 1] == " " != row[head.index("STATUS")] for row in rows)
    assert {role for row in rows for role in ACCOUNTS if role in row.split()} == set(ACCOUNTS)
    assert done.stderr.strip().startswith(f"{len(rows)} users")
    only = terminal.users("list", "--role", "CLIENT", "--limit", "1")
    assert len(only.stdout.splitlines()) == 2


def test_user_is_shown_and_masked_for_those_who_see_masked_data(terminal):
    shown = terminal.users("show", terminal.email["CLIENT"].upper())
    assert shown.returncode == 0, shown.stderr
    assert f"e-mail        {terminal.email['CLIENT']}\n" in shown.stdout
    number = terminal.shown(terminal.email["CLIENT"])["id"]
    masked = terminal.users("show", number, acting="INTERVENTORIA")
    assert masked.returncode == 0
    assert "***@" in masked.stdout
    assert terminal.email["CLIENT"] not in masked.stdout
    guessed = terminal.users("show", terminal.email["CLIENT"], acting="INTERVENTORIA")
    assert (guessed.returncode, guessed.stdout) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "acting", "says"),
    [
        (("list",), "CLIENT", "permission"),
        (("list",), "nobody@example.com", "No active user"),
        (("suspend", "CLIENT", *REASON), "SUPERVISOR", "permission"),
        (("suspend", "CLIENT"), "ADMIN", "--reason"),
        (("suspend", "CLIENT", "--reason", " "), "ADMIN", "reason: A reason is required."),
        (("suspend", "ADMIN", *REASON), "ADMIN", "Nobody changes their own"),
        (("show", "nobody@example.com"), "ADMIN", "Not found"),
        (("pseudonymise", "CLIENT", *REASON), "ADMIN", "Nothing was changed"),
    ],
)
def test_what_is_not_allowed_ends_with_2_and_a_sentence(terminal, arguments, acting, says):
    done = terminal.users(*(terminal.email.get(argument, argument) for argument in arguments), acting=acting)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_database_that_does_not_answer_ends_with_3(terminal):
    done = terminal.users("list", DATABASE_URL="postgres://nobody:x@127.0.0.1:1/none")
    assert (done.returncode, done.stdout) == (3, "")
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_life_of_an_account(terminal, tmp_path):
    refused = terminal.make_admin(1, "")
    assert refused.returncode == 2
    assert "already" in refused.stderr
    made = terminal.make_admin(1, "ADMIN", *REASON)
    assert (made.returncode, made.stdout) == (0, "marta1@example.com is an administrator.\n"), made.stderr
    marta = terminal.shown("marta1@example.com")
    assert (marta["role"], marta["status"]) == ("ADMIN", "ACTIVE")

    assert terminal.users("set-role", "marta1@example.com", "CLIENT", *REASON).returncode == 0
    assert terminal.users("suspend", "marta1@example.com", *REASON).returncode == 0
    assert terminal.shown(marta["id"])["status"] == "SUSPENDED"
    assert terminal.users("reactivate", marta["id"], *REASON).returncode == 0

    file = tmp_path / "marta.json"
    exported = terminal.users("export-data", marta["id"], "--output", str(file), *REASON)
    assert exported.returncode == 0, exported.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["user"]["email_primary"] == "marta1@example.com"
    assert terminal.users("export-data", marta["id"], "--output", str(file), *REASON).returncode == 2
    assert json.loads(terminal.users("export-data", marta["id"], *REASON).stdout)["sessions"] == []

    assert terminal.users("pseudonymise", marta["id"], "--yes", *REASON).returncode == 0
    closed = terminal.shown(marta["id"])
    assert (closed["status"], closed["full_name"]) == ("CLOSED", "")
    assert terminal.users("show", "marta1@example.com").returncode == 2
    assert "intact" in terminal.audited()


def test_ended_sessions_hold_on_the_next_request(terminal):
    web, sandbox = terminal.stack.state["web"], terminal.stack.state["sandbox"]
    account = terminal.stack.state["accounts"]["SUPERVISOR"]
    asked = httpx.post(f"{web}/api/v1/auth/login/", json=account).json()
    terminal.stack.wait_until(lambda: messages(sandbox, account["email"]), seconds=20)
    [digits] = re.findall(r"\b\d{6}\b", messages(sandbox, account["email"])[0]["text"])
    code = {"challenge_id": asked["challenge_id"], "code": digits}
    pair = httpx.post(f"{web}/api/v1/auth/otp/verify/", json=code).json()
    me = {"url": f"{web}/api/v1/users/me/", "headers": {"Authorization": f"Bearer {pair['access']}"}}
    assert httpx.get(**me).status_code == 200
    done = terminal.users("end-sessions", account["email"], *REASON)
    assert (done.returncode, done.stdout) == (0, f"{account['email']} is signed out; 1 session ended.\n")
    assert httpx.get(**me).status_code == 401


def messages(sandbox: str, email: str) -> list[dict[str, Any]]:
    return httpx.get(f"{sandbox}/mail/messages/", params={"to": email}).json()


def test_requests_about_personal_data_are_opened_extended_and_closed(terminal):
    opened = terminal.users("requests", "open", terminal.email["CLIENT"], "--kind", "ACCESS", *REASON)
    assert opened.returncode == 0, opened.stderr
    number = opened.stdout.split()[0]
    assert f"{number} is OPEN, due on " in opened.stdout
    (line,) = [line for line in terminal.users("requests", "list").stdout.splitlines() if number in line]
    assert line.split()[1:3] == ["ACCESS", "OPEN"]
    assert terminal.users("requests", "list", acting="SUPERVISOR").returncode == 2
    extended = terminal.users("requests", "extend", number, *REASON)
    assert extended.stdout.split()[-1] > opened.stdout.split()[-1]
    closed = terminal.users("requests", "close", number, "--outcome", "DONE", *REASON)
    assert f"{number} is DONE" in closed.stdout
    assert terminal.users("requests", "close", number, "--outcome", "DONE", *REASON).returncode == 2
    assert number not in terminal.users("requests", "list").stdout
    assert number in terminal.users("requests", "list", "--all").stdout
