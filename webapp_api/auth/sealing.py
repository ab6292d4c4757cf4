"""Secrets at rest: sealed with a key that is not in the database, so that a stolen database tells none."""

import base64
import hashlib
import secrets
from typing import Final

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from engine.accounts.api_keys import CannotOpen

KEY_BYTES: Final = 32


def is_encryption_key(text: str) -> bool:
    """Say whether this is an encryption key: base64 of 32 bytes."""
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except ValueError:
        return False


def made_encryption_key() -> str:
    """Return a new encryption key."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


class Seal:
    """`engine.accounts.ports.Sealing` by XChaCha20-Poly1305.

    What is sealed is the byte that names the key, a random nonce of 24 bytes, and the ciphertext with its tag. The name
    for which it is sealed is authenticated with it. The previous key opens, and seals nothing.
    """

    def __init__(self, current: str, previous: str | None = None) -> None:
        """Take encryption keys. Raises ValueError where both have the same name."""
        self._current, box = _opened(current)
        self._boxes = {self._current: box}
        if previous is not None:
            name, box = _opened(previous)
            if name == self._current:
                raise ValueError("the encryption key and the previous one have the same name: make another key")
            self._boxes[name] = box

    def seal(self, secret: bytes, name: str) -> bytes:
        """Return a secret sealed by the current key."""
        return self._current + self._boxes[self._current].encrypt(secret, name.encode())

    def is_current(self, sealed: bytes) -> bool:
        """Say whether it is by the current key that this was sealed."""
        return sealed[:1] == self._current

    def open(self, sealed: bytes, name: str) -> bytes:
        """Return what was sealed under this name. Raises CannotOpen."""
        box = self._boxes.get(sealed[:1])
        if box is None:
            raise CannotOpen("no encryption key that is set has sealed this")
        try:
            return box.decrypt(sealed[1:], name.encode())
        except (CryptoError, ValueError):
            raise CannotOpen("this is not what was sealed") from None


def _opened(text: str) -> tuple[bytes, Aead]:
    """Return the byte that names an encryption key, which tells nothing of it, and the key at work."""
    key = base64.b64decode(text, validate=True)
    name = hashlib.blake2b(b"clobster: the name of an encryption key", key=key, digest_size=1).digest()
    return name, Aead(key)
