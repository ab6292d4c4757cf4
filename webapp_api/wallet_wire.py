"""The JSON of wallets, as structs. An address is a public key in base58; a signature is in base58 or base64."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Struct

from webapp_api.wire import Millis

Address = Annotated[str, msgspec.Meta(min_length=32, max_length=44, description="A public key in base58.")]
Message = Annotated[str, msgspec.Meta(max_length=2048, description="The text, exactly as it was given.")]
Signature = Annotated[str, msgspec.Meta(max_length=90, description="64 bytes in base58, or in padded base64.")]
Code = Annotated[str, msgspec.Meta(max_length=64)]


class AskToSign(Struct, forbid_unknown_fields=True):
    """`POST /api/auth/solana/challenge`."""

    address: Address


class Proof(Struct, forbid_unknown_fields=True):
    """`POST /api/auth/solana` and `POST /api/account/wallets`: a text that was given, and its signature."""

    address: Address
    message: Message
    signature: Signature


class LinkTelegram(Struct, forbid_unknown_fields=True):
    """`POST /api/account/telegram`."""

    init_data: str


class AskToSignLink(Struct, forbid_unknown_fields=True):
    """`POST /api/wallet-links/challenge`."""

    code: Code
    address: Address


class SignLink(Struct, forbid_unknown_fields=True):
    """`POST /api/wallet-links/sign`."""

    code: Code
    address: Address
    message: Message
    signature: Signature


class Challenge(Struct):
    """A text for a wallet to sign; good once."""

    message: str
    nonce: str
    expires_at: Millis


class LinkChallenge(Struct):
    """A text for a wallet to sign; good once. account_name says to whose account it links the wallet."""

    message: str
    nonce: str
    expires_at: Millis
    account_name: str


class SignedLink(Struct):
    """A wallet has signed; who asked, in the page or in the chat, still has to say yes. return_url leads back there."""

    address: str
    return_url: str | None


class Wallet(Struct):
    """A wallet that opens the account."""

    address: str
    created_at: Millis


class Wallets(Struct):
    """An account's wallets, the first linked first."""

    wallets: list[Wallet]


class NewWalletLink(Struct):
    """A way to a wallet in another app. The code is shown once; the addresses open the page where it is signed."""

    id: str
    code: str
    url: str
    phantom_url: str
    solflare_url: str
    expires_at: Millis


class WalletLink(Struct):
    """How far the linking is; address is that of the wallet that signed."""

    id: str
    state: Literal["asked", "signed", "linked"]
    address: str | None
    expires_at: Millis


ASK_TO_SIGN: Final = msgspec.json.Decoder(AskToSign)
PROOF: Final = msgspec.json.Decoder(Proof)
LINK_TELEGRAM: Final = msgspec.json.Decoder(LinkTelegram)
ASK_TO_SIGN_LINK: Final = msgspec.json.Decoder(AskToSignLink)
SIGN_LINK: Final = msgspec.json.Decoder(SignLink)
