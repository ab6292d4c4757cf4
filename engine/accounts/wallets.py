"""Wallets as doors to an account, beside Telegram. That a wallet has signed was verified before, at the edge."""

from collections.abc import Set

from engine.accounts.accounts import Accounts
from engine.accounts.activity import ActivityFeed
from engine.accounts.types import Account, Activity, TelegramUser
from engine.accounts.wallet_ports import WalletStore
from engine.accounts.wallet_types import Asker, Challenge, Wallet
from engine.core.types import UserId
from engine.ports import Clock


class Wallets:
    """Signing in by wallet; linking and unlinking wallets and Telegram.

    A wallet and a Telegram person open one account at most, and every account keeps one door at least. What a door
    had opened ends with it.
    """

    def __init__(
        self,
        store: WalletStore,
        accounts: Accounts,
        feed: ActivityFeed,
        clock: Clock,
        *,
        administrators: Set[int] = frozenset(),
    ) -> None:
        """Take administrators' Telegram ids: they stay with their accounts, so that nobody is two of them."""
        self._store = store
        self._accounts = accounts
        self._feed = feed
        self._clock = clock
        self._administrators = administrators

    async def keep_challenge(self, challenge: Challenge) -> None:
        """Keep a text that a wallet will sign."""
        await self._store.keep_challenge(challenge, self._clock())

    async def take_challenge(self, nonce: str) -> Challenge | None:
        """Return the text with this nonce, once; whoever comes later gets None."""
        return await self._store.take_challenge(nonce)

    async def person(self, address: str) -> Account:
        """Return the account of who has this wallet, created where new."""
        return await self._store.person_by_wallet(address, self._clock())

    async def wallets(self, user: UserId) -> list[Wallet]:
        """Return an account's wallets, the first linked first."""
        return await self._store.wallets(user)

    async def link(self, asker: Asker, address: str) -> Wallet:
        """Link a wallet; again changes nothing. Raises WalletTaken, TooManyWallets."""
        wallet, activity = await self._store.link_wallet(asker, address, self._clock())
        self._tell(activity)
        return wallet

    async def unlink(self, asker: Asker, address: str) -> None:
        """Unlink a wallet and end the sessions that it opened. Raises NotLinked, LastDoor."""
        activity, ended = await self._store.unlink_wallet(asker, address, self._clock())
        self._accounts.tell_ended(ended)
        self._tell(activity)

    async def link_telegram(self, asker: Asker, person: TelegramUser) -> Account:
        """Link somebody for whom Telegram vouches; again changes nothing. Raises TelegramTaken, AlreadyLinked."""
        account, activity = await self._store.link_telegram(asker, person, self._clock())
        self._tell(activity)
        return account

    async def unlink_telegram(self, asker: Asker) -> None:
        """Unlink Telegram and end the sessions that it opened. Raises NotLinked, LastDoor, IsAdministrator."""
        activity, ended = await self._store.unlink_telegram(asker, self._clock(), self._administrators)
        self._accounts.tell_ended(ended)
        self._tell(activity)

    def _tell(self, activity: Activity | None) -> None:
        if activity is not None:
            self._feed.tell(activity)
