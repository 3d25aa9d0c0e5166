"""The key ring of the seals (INSURE_AUDIT["SEAL_KEYS"])."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured

from insure_audit.conf import AuditSettings
from insure_audit.encoding import encode_seal, seal_texts
from insure_audit.models import Seal


def signing_key() -> tuple[str, Ed25519PrivateKey]:
    """Id and key that sign new seals. Raises ImproperlyConfigured if there is none."""
    for key_id, seed in AuditSettings.load().SEAL_KEYS.items():
        return key_id, Ed25519PrivateKey.from_private_bytes(seed)
    raise ImproperlyConfigured("INSURE_AUDIT['SEAL_KEYS'] is empty: nothing can be sealed")


def public_keys() -> dict[str, Ed25519PublicKey]:
    return {
        key_id: Ed25519PrivateKey.from_private_bytes(seed).public_key()
        for key_id, seed in AuditSettings.load().SEAL_KEYS.items()
    }


def sign(seal: Seal, key: Ed25519PrivateKey) -> str:
    """The signature of a seal's head, in hexadecimal."""
    return key.sign(encode_seal(seal_texts(seal))).hex()


def is_signed_by(key: Ed25519PublicKey, *, signature: str, head: bytes) -> bool:
    try:
        key.verify(bytes.fromhex(signature), head)
    except (InvalidSignature, ValueError):
        return False
    return True
