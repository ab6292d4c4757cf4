"""What wallets ask of the outside world. `data.store.wallets` and `data.store.wallet_links` implement it.

Every write is one transaction, durable when it returns; of many at once one is first. Those for an `Asker` raise
SessionOver where the session has ended, or where the chat's person is no door of the account any more. What ends
sessions returns their ids.
"""

from collections.abc import Set
from typing import Protocol

from engine.accounts.types import Account, Activity, TelegramUser
from engine.accounts.wallet_types import Asker, Challenge, Wallet, WalletLink
from engine.core.types import Micros, UserId


class WalletStore(Protocol):
    """Where wallets, and the texts that they are asked to sign, are kept."""

    async def keep_challenge(self, challenge: Challenge, now: Micros) -> None:
        """Keep a text until it is taken. Some that have expired go."""

    async def take_challenge(self, nonce: str) -> Challenge | None:
        """Return a text and forget it: of two who take it one gets None."""

    async def person_by_wallet(self, address: str, now: Micros) -> Account:
        """Return the person with this wallet, created where new."""

    async def wallets(self, user_id: UserId) -> list[Wallet]:
        """Return an account's wallets, the first linked first."""

    async def link_wallet(self, asker: Asker, address: str, now: Micros) -> tuple[Wallet, Activity | None]:
        """Link a wallet; there is no activity where it was linked before. Raises WalletTaken, TooManyWallets."""

    async def unlink_wallet(self, asker: Asker, address: str, now: Micros) -> tuple[Activity, list[str]]:
        """Unlink a wallet and end the sessions that it opened. Raises NotLinked, LastDoor."""

    async def link_telegram(self, asker: Asker, person: TelegramUser, now: Micros) -> tuple[Account, Activity | None]:
        """Link a Telegram person; no activity where they were linked before. Raises TelegramTaken, AlreadyLinked."""

    async def unlink_telegram(self, asker: Asker, now: Micros, kept: Set[int]) -> tuple[Activity, list[str]]:
        """Unlink Telegram and end the sessions that it opened; kept are Telegram ids that stay where they are.

        Raises NotLinked, LastDoor, IsAdministrator.
        """


class WalletLinkStore(Protocol):
    """Where links to wallets in other apps are kept. A code is known by its hash only."""

    async def ask(self, link: WalletLink, code_hash: bytes) -> None:
        """Keep a new link. Some that have expired go, and the account's oldest beyond MAX_LINKS."""

    async def by_code(self, code_hash: bytes, now: Micros) -> WalletLink:
        """Return the link that this code may still sign. Raises BadCode, CodeExpired."""

    async def sign(self, code_hash: bytes, address: str, signed_from: str, now: Micros) -> Activity:
        """Use a code up for a wallet. Raises BadCode, CodeExpired, WalletTaken; signed_from is a network address."""

    async def of_session(self, asker: Asker, link_id: str, now: Micros) -> WalletLink:
        """Return a link that this session asked for. Raises UnknownWalletLink."""

    async def confirm(self, asker: Asker, link_id: str, now: Micros) -> tuple[Wallet, Activity | None]:
        """Link the wallet that signed, as `link_wallet` does. Raises UnknownWalletLink and WalletLinkNotSigned too."""

    async def refuse(self, asker: Asker, link_id: str, now: Micros) -> WalletLink:
        """Forget a link whose wallet waits for the yes, and return it. Raises UnknownWalletLink."""

    async def waiting_in_chat(self, user_id: UserId, now: Micros) -> list[WalletLink]:
        """Return the links asked for in an account's chat whose wallets wait for the yes, newest first."""
