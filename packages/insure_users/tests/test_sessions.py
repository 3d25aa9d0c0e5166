"""Token pairs: refresh, grace, reuse, limits of life, forgeries."""

import base64
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from insure_audit.public import AuditEvent
from insure_common.models import OutboxMessage
from insure_users.enums import UserStatus
from insure_users.models import Challenge, Session
from insure_users.testing.factories import make_user
from insure_users.tokens import key_ring, pair_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def pair(phone, user):
    return phone.signed_in(user.email_primary)


def refresh(phone, token):
    return phone.post("auth/token/refresh", refresh=token)


def test_refresh_gives_a_new_pair_that_works(phone, pair):
    answer = refresh(phone, pair["refresh"])
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}
    assert answer.json()["refresh"] != pair["refresh"]
    assert phone.me(answer.json()["access"]).status_code == 200


def test_same_token_within_the_grace_gets_the_very_same_pair(phone, pair, clock):
    first = refresh(phone, pair["refresh"]).json()
    clock.travel(timedelta(seconds=9))
    assert refresh(phone, pair["refresh"]).json() == first
    assert refresh(phone, first["refresh"]).status_code == 200


def test_reuse_after_the_grace_ends_the_session_and_is_told(phone, user, pair, clock):
    newest = refresh(phone, pair["refresh"]).json()
    clock.travel(timedelta(seconds=11))
    answer = refresh(phone, pair["refresh"])
    assert (answer.status_code, answer.json()["code"]) == (401, "token_reused")
    assert refresh(phone, newest["refresh"]).status_code == 401
    assert phone.me(newest["access"]).status_code == 401
    assert AuditEvent.objects.filter(action="users.token_reused", actor=user).count() == 1
    phone.drain_outbox()
    assert "cerramos" in phone.mailbox.messages(to=user.email_primary)[0]["subject"].lower()


def test_token_before_the_previous_one_is_reuse_even_within_the_grace(phone, pair):
    second = refresh(phone, pair["refresh"]).json()
    refresh(phone, second["refresh"])
    assert refresh(phone, pair["refresh"]).json()["code"] == "token_reused"


def test_session_ends_when_it_was_not_refreshed_for_thirty_days(phone, pair, clock):
    clock.travel(timedelta(days=30))
    assert refresh(phone, pair["refresh"]).json()["code"] == "token_invalid"


def test_session_ends_after_ninety_days_however_often_it_was_refreshed(phone, pair, clock):
    token = pair["refresh"]
    for _ in range(4):
        clock.travel(timedelta(days=20))
        token = refresh(phone, token).json()["refresh"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] == int(Session.objects.get().ends_at.timestamp())
    clock.travel(timedelta(days=10))
    assert refresh(phone, token).status_code == 401


def test_access_token_lives_ten_minutes(phone, pair, clock):
    clock.travel(timedelta(minutes=9, seconds=58))
    assert phone.me(pair["access"]).status_code == 200
    clock.travel(timedelta(seconds=3))
    assert phone.me(pair["access"]).json()["code"] == "token_invalid"


def test_logout_ends_access_and_refresh_at_once_and_can_be_repeated(phone, pair):
    assert [phone.post("auth/logout", refresh=pair["refresh"]).status_code for _ in range(2)] == [204, 204]
    assert phone.me(pair["access"]).status_code == 401
    assert refresh(phone, pair["refresh"]).json()["code"] == "token_invalid"


def test_user_who_is_no_longer_active_has_no_access(phone, user, pair):
    type(user).objects.update(status=UserStatus.SUSPENDED)
    assert phone.me(pair["access"]).status_code == 401


def test_role_is_read_from_the_database(phone, user, pair):
    type(user).objects.update(role="SUPERVISOR")
    assert phone.me(pair["access"]).json()["role"] == "SUPERVISOR"


def test_no_token_is_stored(phone, user, pair):
    pair |= refresh(phone, pair["refresh"]).json()
    tables = [model.objects.values() for model in (Session, AuditEvent, OutboxMessage, Challenge)]
    stored = "\n".join(str(row) for table in tables for row in table)
    assert str(Session.objects.get().current) in stored
    for token in (pair["access"], pair["refresh"]):
        assert not [part for part in token.split(".")[1:] if part in stored]


def test_session_check_is_one_query(phone, pair, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert phone.me(pair["access"]).status_code == 200


def test_keys_rotate_while_tokens_live(phone, user, pair, settings):
    old = settings.INSURE_USERS["JWT_KEYS"]
    new = {"test-2": base64.b64encode(b"2" * 32).decode()}
    settings.INSURE_USERS = settings.INSURE_USERS | {"JWT_KEYS": new | old}
    assert phone.me(pair["access"]).status_code == 200
    second = refresh(phone, pair["refresh"]).json()
    assert jwt.get_unverified_header(second["access"])["kid"] == "test-2"
    assert [key["kid"] for key in phone.api.get("/.well-known/jwks.json").json()["keys"]] == ["test-2", "test-1"]
    settings.INSURE_USERS = settings.INSURE_USERS | {"JWT_KEYS": new}
    assert phone.me(pair["access"]).status_code == 401
    assert phone.me(second["access"]).status_code == 200


def test_published_key_verifies_our_tokens(phone, pair):
    (key,) = phone.api.get("/.well-known/jwks.json").json()["keys"]
    assert "d" not in key
    claims = jwt.decode(pair["access"], jwt.PyJWK(key), ["EdDSA"], audience="insure-api", issuer="insure")
    assert set(claims) == {"sub", "sid", "jti", "iat", "exp", "iss", "aud", "token_type"}


def signed_with_hmac(claims: dict, secret: bytes) -> str:
    parts = [{"alg": "HS256", "typ": "JWT", "kid": "test-1"}, claims]
    text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = hmac.digest(secret, text, "sha256")
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def forgeries(access: str, refresh_token: str) -> dict[str, str]:
    claims = jwt.decode(access, options={"verify_signature": False})
    own, foreign = (Ed25519PrivateKey.from_private_bytes(seed * 32) for seed in (b"1", b"9"))
    public = base64.urlsafe_b64decode(key_ring().jwks()["keys"][0]["x"] + "==")
    head, body, signature = access.split(".")

    def signed(changes=(), key=own, headers=None, without=()):
        payload = {name: value for name, value in {**claims, **dict(changes)}.items() if name not in without}
        return jwt.encode(payload, key, "EdDSA", headers={"kid": "test-1"} if headers is None else headers)

    return {
        "no signature": f"{head}.{body}.",
        "alg none": jwt.encode(claims, None, "none", headers={"kid": "test-1"}),
        "hmac with the public key": signed_with_hmac(claims, public),
        "hmac with nothing": jwt.encode(claims, "0" * 32, "HS256", headers={"kid": "test-1"}),
        "foreign key": signed(key=foreign),
        "foreign key in the header": signed(key=foreign, headers={"kid": "test-1", "jwk": {"kty": "OKP"}}),
        "unknown kid": signed(headers={"kid": "other"}),
        "no kid": signed(headers={}),
        "refresh token": refresh_token,
        "other type": signed({"token_type": "sliding"}),
        "no type": signed(without=["token_type"]),
        "list type": signed({"token_type": ["access"]}),
        "other issuer": signed({"iss": "other"}),
        "other audience": signed({"aud": "other"}),
        "expired": signed({"exp": claims["iat"] - 1}),
        "no end": signed(without=["exp"]),
        "no subject": signed(without=["sub"]),
        "no session": signed(without=["sid"]),
        "numeric session": signed({"sid": 7}),
        "no id": signed(without=["jti"]),
        "other user": signed({"sub": "0198c6a0-0000-7000-8000-000000000000"}),
        "other session": signed({"sid": "0198c6a0-0000-7000-8000-000000000000"}),
        "changed body": f"{head}.{body[:-2]}AA.{signature}",
        "garbage": "a.b.c",
        "empty": "",
        "not ascii": "ñ",
        "json": "{}",
    }


FORGERIES = [
    "no signature",
    "alg none",
    "hmac with the public key",
    "hmac with nothing",
    "foreign key",
    "foreign key in the header",
    "unknown kid",
    "no kid",
    "refresh token",
    "other type",
    "no type",
    "list type",
    "other issuer",
    "other audience",
    "expired",
    "no end",
    "no subject",
    "no session",
    "numeric session",
    "no id",
    "other user",
    "other session",
    "changed body",
    "garbage",
    "empty",
    "not ascii",
    "json",
]


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_tokens_open_nothing(phone, user, name):
    session = Session.objects.create(
        user=user,
        kid="test-1",
        idle_until="2999-01-01T00:00:00Z",
        ends_at="2999-01-01T00:00:00Z",
    )
    session.refresh_from_db()
    pair = pair_of(session)
    made = forgeries(pair.access, pair.refresh)
    assert set(made) == set(FORGERIES)
    assert phone.me(pair.access).status_code == 200
    answer = phone.me(made[name])
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["a.b.c", "", "x" * 3000, None, 7])
def test_only_refresh_tokens_refresh(phone, pair, token):
    assert refresh(phone, token).status_code in (400, 401)
    assert refresh(phone, pair["access"]).json()["code"] == "token_invalid"
    assert phone.post("auth/logout", refresh=pair["access"]).status_code == 401
    assert refresh(phone, pair["refresh"]).status_code == 200
