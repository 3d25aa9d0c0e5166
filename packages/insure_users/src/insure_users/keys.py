"""The keys that sign tokens. Each key has one algorithm, whatever a token's header says."""

import json
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

SEED_BYTES = 32
SHORTEST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with the one algorithm that it is used for; both algorithms are deterministic."""

    algorithm: str
    private: Ed25519PrivateKey | RSAPrivateKey

    def public_jwk(self) -> dict[str, Any]:
        """The public key as RFC 7517 writes it."""
        algorithm: Any = OKPAlgorithm if self.algorithm == "EdDSA" else RSAAlgorithm
        return {**json.loads(algorithm.to_jwk(self.private.public_key())), "use": "sig", "alg": self.algorithm}


def read_signing_key(value: object) -> SigningKey:
    """From base64: 32 bytes are an Ed25519 seed (EdDSA), more are an RSA private key in DER (RS256).

    Raises ValueError, which never repeats the value.
    """
    try:
        content = b64decode(str(value), validate=True)
    except ValueError:
        raise ValueError("is not base64") from None
    if len(content) == SEED_BYTES:
        return SigningKey("EdDSA", Ed25519PrivateKey.from_private_bytes(content))
    try:
        key = load_der_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST_RSA_BITS:
        raise ValueError(f"must hold {SEED_BYTES} bytes, or an RSA key of at least {SHORTEST_RSA_BITS} bits in DER")
    return SigningKey("RS256", key)
