"""A wallet's signature verifies exactly where the wallet signed these very bytes."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from solders.pubkey import Pubkey

from tests.support.wallet import Wallet
from tests.webapp_api.house import House
from tests.webapp_api.wallets import MALFORMED, NOT_PROVED, SIGN_IN
from webapp_api.auth.proofs import signature_bytes
from webapp_api.auth.solana import public_key, verify_signature

VECTORS = Path(__file__).parents[1] / "vectors"
SIWS: dict[str, list[dict[str, Any]]] = json.loads((VECTORS / "solana_siws.json").read_text())
FORGERIES: list[dict[str, Any]] = json.loads((VECTORS / "solana_small_order.json").read_text())["vectors"]
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the base point
PRIME = 2**255 - 19
TEXT = "clobster.test wants you to sign in with your Solana account:\nsomebody"


def signature_of(vector: dict[str, Any]) -> bytes:
    return base64.b64decode(vector["signature_base64"])


@pytest.mark.parametrize("vector", SIWS["signed"], ids=lambda vector: vector["id"])
def test_every_published_signature(vector: dict[str, Any]) -> None:
    good = verify_signature(vector["address"], vector["message"].encode(), signature_of(vector))
    assert good is vector["signature_ok"]


@pytest.mark.parametrize("vector", FORGERIES, ids=lambda vector: vector["point"])
def test_small_order_keys_sign_nothing(vector: dict[str, Any]) -> None:
    assert public_key(vector["address"]) is None
    assert not verify_signature(vector["address"], vector["message"].encode(), signature_of(vector))


async def test_no_published_text_signs_in_whatever_its_maker_thinks_of_it(house: House) -> None:
    """Wrong domain, wrong URI, expired, not valid yet, unreadable times: we never gave such a text, so it is refused.

    Their rules about fields have nothing to be applied to here: nothing is read from a text but its nonce.
    """
    for vector in SIWS["signed"]:
        body = {name: vector[name] for name in ("address", "message")} | {"signature": vector["signature_base64"]}
        assert (await house.nobody.post(SIGN_IN, body)).problem in {MALFORMED, NOT_PROVED}, vector["id"]
    wallet = Wallet()
    for vector in SIWS["parsing"]:
        answer = await house.nobody.post(SIGN_IN, wallet.proof(vector["message"]))
        assert answer.problem in {MALFORMED, NOT_PROVED}, vector["message"]


def test_a_ledger_signs_its_own_envelope_of_the_text() -> None:
    wallet, other = Wallet(1), Wallet(2)
    signature = base64.b64decode(wallet.on_a_ledger(TEXT))
    assert verify_signature(wallet.address, TEXT.encode(), signature)
    assert not verify_signature(other.address, TEXT.encode(), signature)
    assert not verify_signature(wallet.address, TEXT.replace("clobster", "lobster").encode(), signature)
    assert not verify_signature(wallet.address, (TEXT + " ").encode(), signature)
    for text in ("no sign-in text", TEXT + "\u00e9", TEXT + "x" * 70_000):
        assert not verify_signature(wallet.address, text.encode(), signature)


def test_a_signature_that_is_not_canonical_is_none() -> None:
    wallet, message = Wallet(), b"a text"
    signature = wallet.sign(message)
    assert verify_signature(wallet.address, message, signature)
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify_signature(wallet.address, message, signature[:32] + scalar.to_bytes(32, "little"))


def test_a_key_that_is_not_canonical_or_not_on_the_curve_is_none() -> None:
    for y in (PRIME, PRIME + 1, PRIME + 3, 2**255 - 1):  # the same points may be written below the prime
        assert public_key(str(Pubkey(y.to_bytes(32, "little")))) is None
    program, _ = Pubkey.find_program_address([b"vault"], Pubkey.from_string(Wallet().address))
    assert public_key(str(program)) is None
    assert public_key(Wallet().address) == Wallet().key.verify_key.encode()


@pytest.mark.parametrize(
    "address",
    ["", "1", "0OIl", "1" * 44, "z" * 44, "z" * 10_000, "\u00e9", "\ud800", "\x00", Wallet().address + " ", "5" * 43],
)
def test_what_is_no_address_verifies_nothing_and_raises_nothing(address: str) -> None:
    assert public_key(address) is None
    assert not verify_signature(address, b"a text", Wallet().sign(b"a text"))


@pytest.mark.parametrize("signature", [b"", b"1", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_what_is_no_signature_verifies_nothing_and_raises_nothing(signature: bytes) -> None:
    for message in (b"", b"a text", TEXT.encode(), b"\xff"):
        assert not verify_signature(Wallet().address, message, signature)


def test_a_signature_is_written_in_base58_or_in_base64() -> None:
    wallet = Wallet()
    assert (
        signature_bytes(wallet.base58("a text")) == signature_bytes(wallet.base64("a text")) == wallet.sign(b"a text")
    )
    for text in ("", "=", "==", "1", "l" * 88, "\u00e9==", "\ud800", "A" * 90, wallet.base64("a text").rstrip("=")):
        assert signature_bytes(text) in {None, b""}, text
