"""A Solana wallet with a real key, as tests hold it in their hands."""

import base64

import nacl.signing
from solders.pubkey import Pubkey
from solders.signature import Signature


class Wallet:
    """A key that signs. Two with the same seed are the same wallet."""

    def __init__(self, seed: int = 1) -> None:
        self.key = nacl.signing.SigningKey(seed.to_bytes(32, "big"))
        self.address = str(Pubkey(self.key.verify_key.encode()))

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message).signature

    def base58(self, message: str) -> str:
        return str(Signature(self.sign(message.encode())))

    def base64(self, message: str) -> str:
        return base64.b64encode(self.sign(message.encode())).decode()

    def proof(self, message: str) -> dict[str, str]:
        """Return the body that brings a text back signed."""
        return {"address": self.address, "message": message, "signature": self.base58(message)}

    def on_a_ledger(self, message: str) -> str:
        """Sign the off-chain message that a Ledger makes of a sign-in text; in base64."""
        text = message.encode()
        domain = text.partition(b" wants you to sign in")[0][:32].ljust(32, b"\0")
        header = b"\xffsolana offchain\0" + domain + b"\0\1" + self.key.verify_key.encode()
        signature = self.sign(header + len(text).to_bytes(2, "little") + text)
        return base64.b64encode(signature).decode()
