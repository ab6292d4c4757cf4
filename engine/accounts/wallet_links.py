"""Linking a wallet that lives in another app than the session that wants it: Telegram's own browser has no wallets.

The session asks and gets a code, which is carried to the wallet's browser. Whoever has the code may have a wallet sign,
once; the session then sees which wallet it was and says yes, or does not. So a code that leaks opens nothing: a thief's
wallet is not linked without a yes, and what a wallet signs names the account that it would be linked to.

An account's chat with the bot asks as a session does (`wallet_types.in_chat`), and only it says yes then.
"""

import hashlib
import secrets

from engine.accounts.activity import ActivityFeed
from engine.accounts.types import LinkState
from engine.accounts.wallet_ports import WalletLinkStore
from engine.accounts.wallet_types import LINK_LIFE, Asker, Wallet, WalletLink
from engine.core.types import Micros, UserId
from engine.ports import Clock


class WalletLinks:
    """Links from their asking to the yes."""

    def __init__(self, store: WalletLinkStore, feed: ActivityFeed, clock: Clock) -> None:
        self._store = store
        self._feed = feed
        self._clock = clock

    async def ask(self, asker: Asker) -> tuple[WalletLink, str]:
        """Return a new link and its code, which is told once and never kept."""
        now, code = self._clock(), secrets.token_urlsafe(24)
        link = WalletLink(
            id=secrets.token_urlsafe(12),
            user_id=asker.user_id,
            session_id=asker.session_id,
            state=LinkState.ASKED,
            address=None,
            created_at=now,
            expires_at=Micros(now + LINK_LIFE),
        )
        await self._store.ask(link, _hash(code))
        return link, code

    async def by_code(self, code: str) -> WalletLink:
        """Return the link that this code may still sign. Raises BadCode, CodeExpired."""
        return await self._store.by_code(_hash(code), self._clock())

    async def sign(self, code: str, address: str, signed_from: str) -> None:
        """Note that this wallet has signed; the code is used up. Raises BadCode, CodeExpired, WalletTaken."""
        self._feed.tell(await self._store.sign(_hash(code), address, signed_from, self._clock()))

    async def of_session(self, asker: Asker, link_id: str) -> WalletLink:
        """Return a link for which this very asker asked. Raises UnknownWalletLink."""
        return await self._store.of_session(asker, link_id, self._clock())

    async def confirm(self, asker: Asker, link_id: str) -> Wallet:
        """Link the wallet that signed. Raises UnknownWalletLink, WalletLinkNotSigned, WalletTaken, TooManyWallets."""
        wallet, activity = await self._store.confirm(asker, link_id, self._clock())
        if activity is not None:
            self._feed.tell(activity)
        return wallet

    async def refuse(self, asker: Asker, link_id: str) -> WalletLink:
        """End a link whose wallet waits for the yes, for good. Return it. Raises UnknownWalletLink."""
        return await self._store.refuse(asker, link_id, self._clock())

    async def waiting_in_chat(self, user: UserId) -> list[WalletLink]:
        """Return the links asked for in an account's chat whose wallets wait for the yes, newest first."""
        return await self._store.waiting_in_chat(user, self._clock())


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "replace")).digest()
