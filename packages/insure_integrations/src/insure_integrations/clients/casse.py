"""CASSE: OAuth 2 client credentials, pages by cursor, decimal strings of pesos."""

import base64
import binascii
import hashlib
import threading
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, Field, ValidationError

from insure_common import clock
from insure_integrations.client import ResilientClient, Response, UnreadableAnswer
from insure_integrations.clients.base import (
    LONGEST_LIST,
    CoreDocument,
    CoreRefused,
    CoreUnavailable,
    Page,
    PaymentReport,
    ReversalReport,
)

EXPIRY_MARGIN = timedelta(seconds=30)
"""A token is replaced this long before it expires."""
UNAVAILABLE_STATUSES = frozenset({401, 408, 425, 429})
"""Refusals that say nothing about the request itself. A 401 is one only after a fresh sign-in."""
PERSONAL_NAMES = ("description",)
"""Fields that name a person here and nothing personal elsewhere: the insured of a life policy."""

M = TypeVar("M", bound=BaseModel)


class _Token(BaseModel):
    access_token: Annotated[str, Field(min_length=1, max_length=4096)]
    expires_in: int = Field(gt=0, le=86_400)


class _Documents(BaseModel):
    results: list[CoreDocument] = Field(max_length=LONGEST_LIST)


class CasseClient:
    """The adapter of `CoreSystem` for CASSE (see docs/extending.md for another core system)."""

    def __init__(self, *, system: str, base_url: str, client_id: str, client_secret: str) -> None:
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._sign_in = ResilientClient(system=system, base_url=base_url)
        self._client = ResilientClient(system=system, base_url=base_url, auth=self._authorization)
        self._lock = threading.Lock()
        self._token = ""
        self._token_good_until = clock.now()

    def policies(self, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
        return self._page("/v1/policies", "list_policies", updated_since, cursor, limit)

    def charges(self, *, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
        return self._page("/v1/charges", "list_charges", updated_since, cursor, limit)

    def statements(self, *, period: date, updated_since: datetime | None, cursor: str | None, limit: int) -> Page:
        month = f"{period:%Y-%m}"
        return self._page("/v1/statements", "list_statements", updated_since, cursor, limit, period=month)

    def policy_documents(self, reference: str) -> list[CoreDocument]:
        path = f"/v1/policies/{quote(reference, safe='')}/documents"
        return _parsed(_Documents, self._call("GET", path, operation="list_policy_documents")).results

    def policy_document(self, reference: str, document: str) -> bytes:
        path = f"/v1/policies/{quote(reference, safe='')}/documents/{quote(document, safe='')}"
        answer = self._call("GET", path, operation="get_policy_document", headers={"Accept": "application/pdf"})
        if _digest(answer) != hashlib.sha256(answer.body).digest():
            raise CoreUnavailable("the document does not fit its digest")
        return answer.body

    def report_payment(self, report: PaymentReport, *, idempotency_key: str) -> None:
        self._call(
            "POST",
            "/v1/payments",
            operation="report_payment",
            headers={"Idempotency-Key": idempotency_key},
            json={
                "reference": report.reference,
                "charges": list(report.charge_references),
                "amount": _decimal(report.amount_in_cents),
                "currency": report.currency,
                "method": report.method,
                "provider": report.provider,
                "provider_transaction": report.provider_transaction,
                "settled_at": report.settled_at.isoformat(),
            },
        )

    def report_reversal(self, report: ReversalReport, *, idempotency_key: str) -> None:
        self._call(
            "POST",
            f"/v1/payments/{quote(report.reference, safe='')}/reversal",
            operation="report_reversal",
            headers={"Idempotency-Key": idempotency_key},
            json={
                "amount": _decimal(report.amount_in_cents),
                "currency": report.currency,
                "reason": report.reason,
                "reversed_at": report.reversed_at.isoformat(),
            },
        )

    def _page(
        self, path: str, operation: str, updated_since: datetime | None, cursor: str | None, limit: int, **filters: str
    ) -> Page:
        params = {
            **filters,
            "updated_since": updated_since.isoformat() if updated_since else None,
            "cursor": cursor,
            "limit": limit,
        }
        answer = self._call("GET", path, operation=operation, params=params, mask=PERSONAL_NAMES)
        page = _parsed(Page, answer)
        if len(page.rows) > limit:
            raise CoreUnavailable("the page holds more rows than were asked for")
        return page

    def _call(self, method: str, path: str, **options: Any) -> Response:
        """Every call is idempotent: reads are by nature, reports by their key. A refused token is replaced once."""
        answer = self._client.request(method, path, idempotent=True, **options)
        if answer.status == 401:
            self._forget_token()
            answer = self._client.request(method, path, idempotent=True, **options)
        return _accepted(answer)

    def _authorization(self) -> Mapping[str, str]:
        with self._lock:
            if clock.now() >= self._token_good_until:
                answer = self._sign_in.request(
                    "POST",
                    "/oauth/token",
                    operation="sign_in",
                    idempotent=True,
                    form={"grant_type": "client_credentials", **self._credentials},
                    mask=("client_id",),
                )
                token = _parsed(_Token, _accepted(answer))
                self._token = token.access_token
                self._token_good_until = clock.now() + timedelta(seconds=token.expires_in) - EXPIRY_MARGIN
            return {"Authorization": f"Bearer {self._token}"}

    def _forget_token(self) -> None:
        with self._lock:
            self._token_good_until = clock.now()


def _accepted(answer: Response) -> Response:
    if 200 <= answer.status < 300:
        return answer
    if not 400 <= answer.status < 500 or answer.status in UNAVAILABLE_STATUSES:
        raise CoreUnavailable(f"answered with {answer.status}", retry_after=answer.retry_after)
    try:
        code = str(answer.json()["code"])[:100]
    except (UnreadableAnswer, LookupError, TypeError):
        code = ""
    raise CoreRefused(status=answer.status, code=code)


def _parsed(model: type[M], answer: Response) -> M:
    try:
        return model.model_validate(answer.json())
    except UnreadableAnswer:
        raise CoreUnavailable("the answer is not JSON") from None
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False)[:5])
        raise CoreUnavailable(f"the answer lacks its form: {fields}") from None


def _digest(answer: Response) -> bytes:
    """The value of `Digest: sha-256=<base64>` (RFC 3230), or nothing."""
    scheme, _, value = answer.headers.get("digest", "").partition("=")
    try:
        return base64.b64decode(value, validate=True) if scheme.lower() == "sha-256" else b""
    except (binascii.Error, ValueError):
        return b""


def _decimal(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
