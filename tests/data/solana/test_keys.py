"""Keys come from one secret and from nothing else: against a slow derivation of our own, and against fixed figures."""

import hashlib
import hmac
from base64 import b64encode

import pytest
from nacl.signing import SigningKey, VerifyKey
from solders.pubkey import Pubkey

from data.solana.keys import DerivedKeys
from engine.core.types import MARKET_MAKER, UserId

MASTER = b64encode(bytes(range(32))).decode()
FIXED = {
    "vault": "23vq3e9EgMufLK1JWRW6UAsswTGuzKiohGy4aMqrUBFU",
    1000: "9wkkr7RyKVwgrDoKcsArRxKEujVLCEF4E3L3vPSLxUDS",
    2**31 - 1: "GGb3D1jQhKooeKQ4cbhivfcxbNu6eyCctCrHuYdkWMUB",
}


def hkdf(secret: bytes, info: bytes) -> bytes:
    """Return 64 bytes as RFC 5869 says, with SHA-512 and no salt."""
    prk = hmac.new(bytes(64), secret, hashlib.sha512).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha512).digest()


def slip10(seed: bytes, *path: int) -> bytes:
    """Return the ed25519 seed at a path of hardened steps, as SLIP-0010 says."""
    both = hmac.new(b"ed25519 seed", seed, hashlib.sha512).digest()
    for step in path:
        numbered = b"\0" + both[:32] + (step + 2**31).to_bytes(4, "big")
        both = hmac.new(both[32:], numbered, hashlib.sha512).digest()
    return both[:32]


def slow(secret: bytes, *path: int) -> str:
    seed = slip10(hkdf(secret, b"clobster: keys on solana, 1"), 44, 501, *path)
    return str(Pubkey(bytes(SigningKey(seed).verify_key)))


def test_the_slow_derivation_is_that_of_slip_10() -> None:
    seed = bytes.fromhex("000102030405060708090a0b0c0d0e0f")  # its test vector 1
    assert slip10(seed).hex() == "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7"
    assert slip10(seed, 0, 1, 2).hex() == "92a5b23c0b8a99e37d07df3fb9966917f5d06e02ddbd909c7e184371463e9fc9"


@pytest.mark.parametrize("secret", [bytes(32), bytes(range(32)), b"\xff" * 32])
@pytest.mark.parametrize("user", [0, 1, MARKET_MAKER, 1000, 1001, 123_456_789, 2**31 - 1])
def test_every_key_is_what_the_slow_derivation_says(secret: bytes, user: int) -> None:
    keys = DerivedKeys(b64encode(secret).decode())
    assert keys.vault.address == slow(secret, 0)
    assert keys.deposits(UserId(user)).address == slow(secret, 1, user)


def test_addresses_are_the_same_for_ever() -> None:
    keys = DerivedKeys(MASTER)
    found: dict[object, str] = {user: keys.deposits(UserId(user)).address for user in (1000, 2**31 - 1)}
    assert {"vault": keys.vault.address} | found == FIXED


def test_no_two_are_alike() -> None:
    keys, others = DerivedKeys(MASTER), DerivedKeys(b64encode(bytes(32)).decode())
    made = [each.address for of in (keys, others) for each in (of.vault, *(of.deposits(UserId(n)) for n in range(200)))]
    assert len(set(made)) == len(made)


async def test_a_signature_is_the_keys_own() -> None:
    signer = DerivedKeys(MASTER).deposits(UserId(1000))
    signature = await signer.sign(b"a message")
    VerifyKey(bytes(Pubkey.from_string(signer.address))).verify(b"a message", signature)


def test_nothing_secret_is_shown() -> None:
    keys = DerivedKeys(MASTER)
    assert repr(keys) == f"DerivedKeys({keys.vault.address})"
    assert repr(keys.deposits(UserId(1000))) == f"KeySigner({keys.deposits(UserId(1000)).address})"
