"""What must never be written down is sent through every call of the running stack, and then looked for everywhere."""

import json
import re
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

PROCESSES = ("web", "worker", "beat", "relay")
KEPT = ("insure_audit_event", "insure_common_outboxmessage", "insure_integrations_externalcall")

PASSWORD, NEW_PASSWORD, GUESS = "canario azul 7391 rio", "canario verde 7392 mar", "canario-adivinado-7393"
BEARER, COOKIE = "canary-bearer-7394", "canary-cookie-7395"
CARD, CARD_WITH_SPACES = "4111111111111111", "4111 1111 1111 1111"
DOCUMENT, EMAIL, PHONE = "1098765432", "canary.7396@example.com", "+573007654321"
FORGED = 'Ana\r\n{"event": "forged", "level": "info"}'
FORGED_AGENT = '{"event": "forged"}'


class Phone:
    """Somebody who registers, signs in, gets things wrong and leaves."""

    def __init__(self, web: str, sandbox: str, wait_until: Any) -> None:
        self._client = httpx.Client(base_url=f"{web}/api/v1/", trust_env=False, timeout=30)
        self._sandbox, self._wait_until = sandbox, wait_until
        self.codes: list[str] = []
        self.tokens: list[str] = []

    def post(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self._client.post(path, json=body, headers=headers)
        assert answer.status_code < 500
        return answer.json() if answer.content else {}

    def code(self) -> str:
        def mails() -> list[dict[str, Any]]:
            return httpx.get(f"{self._sandbox}/mail/messages/", params={"to": EMAIL}, trust_env=False).json()

        def codes() -> list[str]:
            return [found[0] for mail in mails() if (found := re.findall(r"\b\d{6}\b", mail["text"]))]

        self._wait_until(lambda: set(codes()) - set(self.codes), seconds=30)
        [new] = set(codes()) - set(self.codes)
        self.codes.append(new)
        return new

    def verify(self, challenge: dict[str, Any]) -> dict[str, Any]:
        wrong = {"challenge_id": challenge["challenge_id"], "code": "000000"}
        code = self.code()
        self.post("auth/otp/verify/", wrong)
        pair = self.post("auth/otp/verify/", wrong | {"code": code})
        self.tokens += [pair["access"], pair["refresh"]]
        return pair

    def register(self) -> None:
        terms = self._client.get("auth/terms/").json()["terms_version"]
        person = {
            "full_name": "Canaria Rojas",
            "id_type": "CC",
            "id_number": DOCUMENT,
            "email_primary": EMAIL,
            "phone": PHONE,
            "birth_date": date(1990, 5, 17).isoformat(),
            "password": PASSWORD,
            "accepts_terms": True,
            "terms_version": terms,
        }
        self.post("auth/register/", person | {"full_name": FORGED})
        self.verify(self.post("auth/register/", person))

    def sign_in(self) -> str:
        self.post("auth/login/", {"email": EMAIL, "password": GUESS})
        pair = self.verify(self.post("auth/login/", {"email": EMAIL, "password": PASSWORD, "device_name": "Canaria"}))
        fresh = self.post("auth/token/refresh/", {"refresh": pair["refresh"]})
        self.tokens += [fresh["access"], fresh["refresh"]]
        return fresh["access"]

    def leave(self) -> None:
        change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        self.post("auth/password/change/", change, token=self.tokens[-2])
        forgotten = self.post("auth/password/forgot/", {"email": EMAIL})
        reset = {"challenge_id": forgotten["challenge_id"], "code": self.code(), "new_password": PASSWORD}
        self.post("auth/password/reset/", reset)
        self.post("auth/logout/", {"refresh": self.tokens[-1]})


def values_for(schema: dict[str, Any], components: dict[str, Any], text: str) -> Any:
    """A body in the form of a schema, with `text` wherever text may stand."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    for several in ("allOf", "oneOf", "anyOf"):
        if several in schema:
            return values_for(schema[several][0], components, text)
    if "properties" in schema:
        return {name: values_for(part, components, text) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [values_for(schema["items"], components, text)]
    return {"integer": 1, "number": 1, "boolean": True}.get(schema.get("type", ""), text)


def send_everywhere(web: str, token: str) -> int:
    """Every call of the schema with canaries in body, query, path and headers; how many requests."""
    headers = {"Cookie": f"session={COOKIE}", "User-Agent": FORGED_AGENT, "Idempotency-Key": str(uuid.uuid4())}
    client = httpx.Client(base_url=web, trust_env=False, timeout=30, headers=headers)
    schema = client.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    sent = 0
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            form = content.get("application/json", {}).get("schema", {})
            for text in (CARD, CARD_WITH_SPACES, GUESS, FORGED):
                body = values_for(form, schema["components"]["schemas"], text) if form else {}
                body = (body if isinstance(body, dict) else {}) | {"password": GUESS, "cvv": CARD}
                url = re.sub(r"\{\w+\}", str(uuid.uuid4()), path)
                answer = client.request(
                    method,
                    url,
                    content=json.dumps(body),
                    params={"password": GUESS, "token": BEARER, "number": CARD},
                    headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                )
                assert answer.status_code < 500 or answer.json()["code"] == "catalog_not_ready", (method, path)
                sent += 1
    for path in ("/api/v1/nowhere%0d%0a%7B%22event%22:%22forged%22%7D/", "/backoffice/login/", f"/?x={FORGED_AGENT}"):
        client.post(path, data={"email": EMAIL, "password": GUESS})
    return sent


@dataclass(frozen=True)
class Written:
    logs: dict[str, str]
    """What each process has logged since the first canary."""
    tables: dict[str, list[str]]
    phone: Phone
    keys: dict[str, str]
    """The secrets of the stack itself."""

    @property
    def everywhere(self) -> dict[str, str]:
        return self.logs | {name: "\n".join(rows) for name, rows in self.tables.items()}


@pytest.fixture(scope="module")
def written(running):
    state = running.state
    begins = {name: Path(state["logs"][name]).stat().st_size for name in PROCESSES}
    phone = Phone(state["web"], state["sandbox"], running.wait_until)
    phone.register()
    by = ("--as", state["accounts"]["ADMIN"]["email"], "--reason", "canaries")
    assert running.insure("users", "set-role", EMAIL, "ADMIN", *by, **state["env"]).returncode == 0
    token = phone.sign_in()
    assert send_everywhere(state["web"], token) + send_everywhere(state["web"], BEARER) > 300
    phone.leave()
    running.wait_until(lambda: _count(state, "status <> 'DONE' AND due_at <= now()") == 0)
    logs = {name: Path(state["logs"][name]).read_bytes()[begins[name] :].decode() for name in PROCESSES}
    with psycopg.connect(state["database_migration"]) as database:
        tables = {name: [str(row) for row in database.execute(f"SELECT t::text FROM {name} t")] for name in KEPT}
    return Written(logs, tables, phone, _keys(state))


def _count(state: dict[str, Any], condition: str) -> int:
    with psycopg.connect(state["database_migration"]) as database:
        [count] = database.execute(f"SELECT count(*) FROM insure_common_outboxmessage WHERE {condition}").fetchone()
        return count


def _keys(state: dict[str, Any]) -> dict[str, str]:
    variables = {name: value for name, value in state["env"].items() if re.search("KEY|SECRET|PEPPER|TOKEN", name)}
    del variables["WOMPI_PUBLIC_KEY"]
    rings = {name: variables[name].removeprefix("local=") for name in ("JWT_KEYS", "AUDIT_SEAL_KEYS")}
    logins = {name: urlsplit(state["env"][name]).password for name in ("DATABASE_URL", "DATABASE_MIGRATION_URL")}
    accounts = {role: account["password"] for role, account in state["accounts"].items()}
    return variables | rings | logins | accounts


def test_no_secret_is_written_down(written):
    secrets = {
        **dict.fromkeys((PASSWORD, NEW_PASSWORD, GUESS, BEARER, COOKIE, CARD, CARD_WITH_SPACES), "canary"),
        **dict.fromkeys(written.phone.tokens, "token"),
        **{value: name for name, value in written.keys.items()},
    }
    assert len(written.phone.tokens) == 6
    assert all(secrets)
    places = written.everywhere.items()
    assert [(place, name) for place, text in places for secret, name in secrets.items() if secret in text] == []


def test_no_code_is_written_down(written):
    lines = [line for text in written.everywhere.values() for line in text.splitlines()]
    # Not a part of a longer number, of an id or of a time.
    codes = [re.compile(rf"(?<![\w.-]){code}(?![\w-])") for code in written.phone.codes]
    assert (len(codes), [line for line in lines if any(code.search(line) for code in codes)]) == (3, [])


def test_logs_name_no_person(written):
    personal = (DOCUMENT, EMAIL, PHONE, PHONE.removeprefix("+57"), "Canaria")
    places = written.logs.items()
    assert [(name, value) for name, text in places for value in personal if value in text] == []


def test_every_line_is_one_event_whatever_names_hold(written):
    events = [json.loads(line) for text in written.logs.values() for line in text.splitlines()]
    assert len(events) > 200
    assert all(isinstance(event, dict) for event in events)
    assert not [event for event in events if event["event"] == "forged"]
    assert all(event["correlation_id"] for event in events if event["event"].startswith("request_"))
