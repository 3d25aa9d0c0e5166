import re
from collections.abc import Callable
from typing import Any

import pytest

from insure_users.testing.factories import PASSWORD
from insure_users.testing.sign_in import code_in

API = "/api/v1"


class Phone:
    """A client of the API that reads its codes from the mailbox, as people do."""

    def __init__(self, api: Any, mailbox: Any, drain_outbox: Callable[[], int]) -> None:
        self.api, self.mailbox, self.drain_outbox = api, mailbox, drain_outbox

    def post(self, path: str, address: str = "127.0.0.1", **body: Any) -> Any:
        return self.api.post(f"{API}/{path}/", body, REMOTE_ADDR=address)

    def code(self, email: str) -> str:
        self.drain_outbox()
        return next(
            code_in(message) for message in self.mailbox.messages(to=email) if re.search(r"\d{6}", message["text"])
        )

    def asked_for_code(self, email: str, password: str = PASSWORD) -> tuple[str, str]:
        """(challenge_id, code) of a sign-in whose password was right."""
        answer = self.post("auth/login", email=email, password=password)
        assert answer.status_code == 202, answer.json()
        return answer.json()["challenge_id"], self.code(email)

    def signed_in(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        challenge_id, code = self.asked_for_code(email, password)
        answer = self.post("auth/otp/verify", challenge_id=challenge_id, code=code)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    def me(self, access: str) -> Any:
        return self.api.get(f"{API}/users/me/", HTTP_AUTHORIZATION=f"Bearer {access}")


@pytest.fixture
def phone(api, mailbox, drain_outbox) -> Phone:
    return Phone(api, mailbox, drain_outbox)


@pytest.fixture
def registration() -> dict[str, Any]:
    return {
        "full_name": "Ana María Pérez",
        "id_type": "CC",
        "id_number": "52.123.456",
        "email_primary": "Ana@Example.com",
        "phone": "300 123 4567",
        "birth_date": "1990-05-17",
        "password": PASSWORD,
        "accepts_terms": True,
        "terms_version": "2026-11",
    }
