"""Our keys on Solana: the vault authority's and one for each account's deposits, all derived from one master secret.

    seed            = HKDF-SHA512(master secret, no salt, info "clobster: keys on solana, 1"), 64 bytes
    vault authority = SLIP-10 of the seed, ed25519, m/44'/501'/0'
    deposits        = SLIP-10 of the seed, ed25519, m/44'/501'/1'/<account's id>'

So nothing of them is ever stored, and the same secret gives the same keys on any machine. The info keeps them apart
from whatever else the secret may be used for; every step is a hardened one, so no key tells anything of another.
"""

import base64
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from solders.keypair import Keypair
from typing_extensions import override

from engine.core.types import UserId
from engine.ports import Signer

MASTER_BYTES: Final = 32
MOST_ACCOUNT: Final = 2**31 - 1  # a step of a path has 31 bits
_SEED_BYTES: Final = 64
_INFO: Final = b"clobster: keys on solana, 1"
_VAULT: Final = "m/44'/501'/0'"
_DEPOSITS: Final = "m/44'/501'/1'"


class KeySigner:
    """`engine.ports.Signer` with its key in memory. It is never shown: the repr is the address."""

    def __init__(self, key: Keypair) -> None:
        self._key = key
        self.address = str(key.pubkey())

    @override
    def __repr__(self) -> str:
        return f"KeySigner({self.address})"

    async def sign(self, message: bytes) -> bytes:
        """Return the signature of a transaction's message, 64 bytes."""
        return bytes(self._key.sign_message(message))


class DerivedKeys:
    """`engine.ports.Signers`, derived from the master secret."""

    def __init__(self, master: str) -> None:
        """Take a master secret in base64."""
        secret = base64.b64decode(master, validate=True)
        assert len(secret) == MASTER_BYTES
        self._seed = HKDF(algorithm=SHA512(), length=_SEED_BYTES, salt=None, info=_INFO).derive(secret)
        self.vault: Signer = KeySigner(self._derived(_VAULT))

    @override
    def __repr__(self) -> str:
        return f"DerivedKeys({self.vault.address})"

    def deposits(self, user: UserId) -> KeySigner:
        """Return who owns the token accounts into which an account's deposits come."""
        assert 0 <= user <= MOST_ACCOUNT
        return KeySigner(self._derived(f"{_DEPOSITS}/{user}'"))

    def _derived(self, path: str) -> Keypair:
        return Keypair.from_seed_and_derivation_path(self._seed, path)
