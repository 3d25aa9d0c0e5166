"""Access and refresh tokens: SimpleJWT's backend with a ring of keys, and the claims of a session's pair.

EdDSA and RS256 are deterministic: the claims kept in a session's row, signed again, are the very same tokens.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from django.core.signals import setting_changed
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken

from insure_common import clock
from insure_users.conf import UsersSettings
from insure_users.keys import SigningKey
from insure_users.models import Session

ACCESS = "access"
REFRESH = "refresh"
REQUIRED_CLAIMS = ["exp", "iat", "jti", "iss", "aud", "sub", "sid", "token_type"]


class KeyRing(TokenBackend):
    """The first key signs, all verify, chosen by `kid`, each by its own algorithm; no other header is looked at."""

    def __init__(self, keys: dict[str, SigningKey], *, issuer: str, audience: str) -> None:
        self._keys = keys
        self.kid = next(iter(keys))
        super().__init__(keys[self.kid].algorithm, issuer=issuer, audience=audience)

    def encode(self, payload: dict[str, Any], kid: str | None = None) -> str:
        """Sign with the key `kid` or, if that has left the ring or is not given, with the first."""
        kid = kid if kid in self._keys else self.kid
        claims = {**payload, "iss": self.issuer, "aud": self.audience}
        key = self._keys[kid]
        return jwt.encode(claims, key.private, key.algorithm, headers={"kid": kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """The claims. Raises TokenBackendError, or TokenBackendExpiredToken for an outdated but genuine token."""
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims: dict[str, Any] = jwt.decode(
                token,
                key.private.public_key(),
                [key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                # Times are compared below, with the one clock.
                options={"require": REQUIRED_CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            is_outdated = verify and int(claims["exp"]) <= clock.now().timestamp()
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise TokenBackendError("Token is invalid") from error
        if is_outdated:
            raise TokenBackendExpiredToken("Token is expired")
        return claims

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys, for others who verify our tokens."""
        return {"keys": [{**key.public_jwk(), "kid": kid} for kid, key in self._keys.items()]}


_ring: KeyRing | None = None


def key_ring() -> KeyRing:
    """The ring of JWT_KEYS."""
    global _ring
    if _ring is None:
        settings = UsersSettings.load()
        _ring = KeyRing(settings.JWT_KEYS, issuer=settings.ISSUER, audience=settings.AUDIENCE)
    return _ring


def _forget_ring(*, setting: str, **_: Any) -> None:
    global _ring
    if setting == UsersSettings.setting:
        _ring = None


setting_changed.connect(_forget_ring)


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine token says about itself; who the user is and what they may do is never taken from it."""

    user_id: UUID
    session_id: UUID
    pair_id: UUID


def pair_of(session: Session) -> TokenPair:
    """The pair in force, signed from the session's row: called twice, it gives the same tokens."""
    issued_at = int(session.rotated_at.timestamp())
    ends_at = int(session.idle_until.timestamp())
    claims = {
        "sub": str(session.user_id),
        "sid": str(session.pk),
        "jti": str(session.current),
        "iat": issued_at,
    }
    access_ends_at = min(issued_at + UsersSettings.load().ACCESS_MINUTES * 60, ends_at)
    ring = key_ring()
    return TokenPair(
        access=ring.encode({**claims, "token_type": ACCESS, "exp": access_ends_at}, session.kid),
        refresh=ring.encode({**claims, "token_type": REFRESH, "exp": ends_at}, session.kid),
    )


def read_token(token: str, *, token_type: str) -> Claims:
    """The claims of a genuine token of that type which has not expired.

    Raises TokenBackendError, of which TokenBackendExpiredToken is one.
    """
    claims = key_ring().decode(token)
    try:
        if claims["token_type"] != token_type:
            raise TokenBackendError("Token has the wrong type")
        return Claims(user_id=UUID(claims["sub"]), session_id=UUID(claims["sid"]), pair_id=UUID(claims["jti"]))
    except (ValueError, TypeError, AttributeError) as error:
        raise TokenBackendError("Token is invalid") from error
