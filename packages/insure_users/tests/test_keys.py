"""The ring of signing keys: two algorithms, each key with its own."""

import base64

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rest_framework_simplejwt.exceptions import TokenBackendError

from insure_users.conf import UsersSettings
from insure_users.models import Session
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in
from insure_users.tokens import key_ring, pair_of

pytestmark = pytest.mark.django_db

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SEED = base64.b64encode(b"1" * 32).decode()


def der(key, *, form=PrivateFormat.PKCS8) -> str:
    return base64.b64encode(key.private_bytes(Encoding.DER, form, NoEncryption())).decode()


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def ring(settings):
    """Put keys into JWT_KEYS, the first one in front."""

    def ring(**keys):
        settings.INSURE_USERS = settings.INSURE_USERS | {"JWT_KEYS": keys}
        return key_ring()

    return ring


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_rsa_key_signs_with_rs256_and_its_public_half_is_published(ring, user, phone, form):
    ring(rsa=der(RSA, form=form))
    access = sign_in(user)
    assert jwt.get_unverified_header(access) == {"alg": "RS256", "kid": "rsa", "typ": "JWT"}
    assert phone.me(access).status_code == 200
    (key,) = phone.api.get("/.well-known/jwks.json").json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg", "key_ops"}
    assert (key["kty"], key["alg"], key["kid"]) == ("RSA", "RS256", "rsa")
    assert jwt.decode(access, jwt.PyJWK(key), ["RS256"], audience="insure-api", issuer="insure")["sub"] == str(user.pk)


def test_ring_rotates_from_one_algorithm_to_the_other_while_sessions_live(ring, user, phone):
    ring(ed=SEED)
    old = sign_in(user)
    ring(rsa=der(RSA), ed=SEED)
    session = Session.objects.get()
    assert pair_of(session).access == old, "a repeated refresh gets the very same tokens, from the key that made them"
    new = sign_in(user)
    assert [jwt.get_unverified_header(token)["alg"] for token in (old, new)] == ["EdDSA", "RS256"]
    assert phone.me(old).status_code == phone.me(new).status_code == 200
    refreshed = phone.post("auth/token/refresh", refresh=pair_of(session).refresh).json()
    assert jwt.get_unverified_header(refreshed["access"])["kid"] == "rsa"
    assert [key["alg"] for key in phone.api.get("/.well-known/jwks.json").json()["keys"]] == ["RS256", "EdDSA"]
    ring(rsa=der(RSA))
    assert phone.me(old).status_code == 401
    assert phone.me(new).status_code == phone.me(refreshed["access"]).status_code == 200


def test_same_claims_are_the_same_token(ring, user):
    ring(rsa=der(RSA))
    sign_in(user)
    session = Session.objects.get()
    assert pair_of(session) == pair_of(session)


def test_key_verifies_by_its_own_algorithm_only(ring, user, phone):
    keys = ring(ed=SEED, rsa=der(RSA))
    claims = jwt.decode(sign_in(user), options={"verify_signature": False})
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ed = UsersSettings.load().JWT_KEYS["ed"].private
    forged = {
        "rs256 under the name of the other key": jwt.encode(claims, RSA, "RS256", headers={"kid": "ed"}),
        "eddsa under the name of the rsa key": jwt.encode(claims, ed, "EdDSA", headers={"kid": "rsa"}),
        "rs512 by the rsa key": jwt.encode(claims, RSA, "RS512", headers={"kid": "rsa"}),
        "ps256 by the rsa key": jwt.encode(claims, RSA, "PS256", headers={"kid": "rsa"}),
        "none": jwt.encode(claims, None, "none", headers={"kid": "rsa"}),
        "hmac with the public key": _hmac(claims, pem),
    }
    assert phone.me(jwt.encode(claims, RSA, "RS256", headers={"kid": "rsa"})).status_code == 200
    for name, token in forged.items():
        assert phone.me(token).status_code == 401, name
        with pytest.raises(TokenBackendError):
            keys.decode(token)


def _hmac(claims, secret):
    # PyJWT itself refuses to sign with a public key.
    parts = jwt.encode(claims, "x" * 32, "HS256", headers={"kid": "rsa"}).rpartition(".")[0]
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(parts.encode(), secret)
    return f"{parts}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "value",
    [
        "no base64!",
        base64.b64encode(b"short").decode(),
        base64.b64encode(b"x" * 700).decode(),
        der(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        der(ec.generate_private_key(ec.SECP256R1())),
        base64.b64encode(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode(),
    ],
)
def test_other_keys_are_refused_without_repeating_them(settings, value):
    settings.INSURE_USERS = settings.INSURE_USERS | {"JWT_KEYS": {"a": value}}
    (problem,) = UsersSettings.problems()
    assert "JWT_KEYS" in problem
    assert value not in problem
