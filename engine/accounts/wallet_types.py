"""Wallets and what they are asked to sign, as they are kept. An address is a public key in base58."""

from typing import Final

from msgspec import Struct

from engine.accounts.types import TELEGRAM, LinkState
from engine.core.types import Micros, UserId, WithdrawalId

MAX_WALLETS: Final = 10  # of one account
MAX_LINKS: Final = 5  # of one account at a time; one more drops the oldest
CHALLENGE_LIFE_S: Final = 5 * 60
LINK_LIFE: Final = Micros(5 * 60 * 1_000_000)
CHAT: Final = "telegram:"  # begins a chat's session_id, before the Telegram id; a real session's has no colon


class Wallet(Struct, frozen=True):
    """A wallet that opens an account."""

    address: str
    user_id: UserId
    created_at: Micros


class Asker(Struct, frozen=True):
    """A signed-in person who asks for something: who, by which session, and from which network address.

    Who asks in their chat with the bot has no session: see `in_chat`.
    """

    user_id: UserId
    session_id: str
    address: str = ""


def in_chat(user_id: UserId, telegram_id: int) -> Asker:
    """Return who asks in the account's chat: good for as long as this Telegram person is a door of the account."""
    return Asker(user_id, f"{CHAT}{telegram_id}", TELEGRAM)


class Challenge(Struct, frozen=True):
    """A text that a wallet is asked to sign, once.

    Without user_id and session_id it is for whoever signs it. With them it is for that session's account, to link the
    wallet to it: by the session itself, or, where link_id says so, by whoever has that link's code; where withdrawal_id
    says so, to confirm that withdrawal.
    """

    nonce: str
    address: str
    message: str
    expires_at: Micros
    user_id: UserId | None = None
    session_id: str | None = None
    link_id: str | None = None
    withdrawal_id: WithdrawalId | None = None

    @property
    def is_to_link(self) -> bool:
        """Whether it is for nothing but a wallet and, maybe, the session that links it."""
        return self.link_id is None and self.withdrawal_id is None


class WalletLink(Struct, frozen=True):
    """A session's or a chat's wish that a wallet in another app be linked. address is the wallet's that signed."""

    id: str
    user_id: UserId
    session_id: str
    state: LinkState
    address: str | None
    created_at: Micros
    expires_at: Micros

    @property
    def is_of_chat(self) -> bool:
        """Whether it was asked for in a chat, where the yes is said too."""
        return self.session_id.startswith(CHAT)
