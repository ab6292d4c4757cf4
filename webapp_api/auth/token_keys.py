"""The keys of access tokens: one that signs, and the one before it, which is still believed for a while."""

import base64
import binascii
import hashlib
import hmac
from typing import Final, Literal, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

Algorithm = Literal["HS256", "EdDSA"]

MIN_SECRET_BYTES: Final = 32
SEED_BYTES: Final = 32

_ID_BYTES: Final = 9


class TokenKey(Struct, frozen=True):
    """A key, and the one algorithm with which it is ever used. id is the `kid` of its tokens and reveals nothing."""

    id: str
    algorithm: Algorithm
    signs: bytes | Ed25519PrivateKey
    checks: bytes | Ed25519PublicKey

    @classmethod
    def of(cls, secret: str, algorithm: Algorithm = "HS256") -> Self:
        """Return the key of a setting. Raises ValueError with a sentence that does not repeat the secret.

        The secret of HS256 is any text of at least 32 bytes; that of EdDSA is a 32-byte Ed25519 seed in base64.
        """
        if algorithm == "HS256":
            shared = secret.encode()
            if len(shared) < MIN_SECRET_BYTES:
                raise ValueError(f"is too short: give it at least {MIN_SECRET_BYTES} random bytes")
            return cls(_id(algorithm, shared), algorithm, shared, shared)
        try:
            seed = base64.b64decode(secret, validate=True)
        except (binascii.Error, ValueError):
            seed = b""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"must be the base64 of {SEED_BYTES} random bytes, an Ed25519 seed")
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key()
        return cls(_id(algorithm, public.public_bytes_raw()), algorithm, private, public)

    @classmethod
    def derived(cls, secret: str, algorithm: Algorithm) -> Self:
        """Return a key made of a long secret that is not one in the algorithm's form."""
        return cls.of(base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode(), algorithm)


class KeyRing:
    """The keys whose tokens are believed. Tokens are signed with the first one."""

    def __init__(self, current: TokenKey, *previous: TokenKey) -> None:
        self.current = current
        self._by_id = {key.id: key for key in (*previous, current)}

    def find(self, id: object) -> TokenKey | None:
        """Return the key that a token's `kid` names, or None."""
        return self._by_id.get(id) if isinstance(id, str) else None


def _id(algorithm: str, material: bytes) -> str:
    digest = hmac.digest(material, b"clobster access tokens, " + algorithm.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:_ID_BYTES]).decode()
