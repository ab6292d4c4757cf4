"""Solana addresses, and signatures of wallets. An address is an Ed25519 public key in base58.

PyNaCl verifies: other libraries accept keys of small order, with which anybody signs anything.
"""

from typing import Final

from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from solders.pubkey import Pubkey

SIGNATURE_BYTES: Final = 64
MAX_DOMAIN_BYTES: Final = 32

_SIGNS_IN: Final = b" wants you to sign in with your Solana account:"


def public_key(address: str) -> bytes | None:
    """Return the 32 bytes of an address, or None where it is none that a wallet can have.

    That is: no base58 of 32 bytes, not written canonically, not on the curve (as the addresses of programs), or of
    small order.
    """
    try:
        key = Pubkey.from_string(address)
    except ValueError:
        return None
    return bytes(key) if crypto_core_ed25519_is_valid_point(bytes(key)) else None


def verify_signature(address: str, message: bytes, signature: bytes) -> bool:
    """Say whether the wallet with this address signed this message: as it is, or as a Ledger signs it.

    Anything that is no address or no signature (64 bytes, canonical) is just not good: this raises nothing.
    """
    key = public_key(address)
    if key is None or len(signature) != SIGNATURE_BYTES:
        return False
    return _verifies(key, message, signature) or _verifies(key, _offchain(key, message), signature)


def _verifies(key: bytes, message: bytes | None, signature: bytes) -> bool:
    if message is None:
        return False
    try:
        VerifyKey(key).verify(message, signature)
    except BadSignatureError:
        return False
    return True


def _offchain(key: bytes, message: bytes) -> bytes | None:
    """Return the off-chain message that a Ledger signs for a sign-in text, or None where it can't be one.

    Layout: 0xff "solana offchain", version 0, the text's domain in 32 bytes, format 0 (ASCII), one signer and its key,
    the length in two bytes, the text.
    """
    domain, found, _ = message.partition(_SIGNS_IN)
    if not found or not message.isascii() or len(message) > 0xFFFF:
        return None
    domain = domain[:MAX_DOMAIN_BYTES].ljust(MAX_DOMAIN_BYTES, b"\0")
    length = len(message).to_bytes(2, "little")
    return b"".join((b"\xffsolana offchain\0", domain, b"\0\1", key, length, message))
