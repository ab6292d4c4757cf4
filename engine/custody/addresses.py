"""Deposit addresses: one owner an account, with a token account for every asset, made when somebody first asks.

All assets at once: whoever knows the owner can send any of them there, and what arrives must be seen. We pay what token
accounts cost, so there is a limit to how many are made in a day; `newcomers.py` says who has which part of it.
"""

import asyncio
from collections.abc import Hashable, Mapping
from typing import Final

from engine.core.refusals import UnknownAsset
from engine.core.types import AssetCode, Micros, UserId
from engine.custody.accounts import Depositable, DepositAccount
from engine.custody.newcomers import DAY, Newcomers
from engine.custody.ports import DepositStore
from engine.custody.refusals import DepositsUnavailable, TooManyDepositAddresses
from engine.custody.watch import DepositWatch
from engine.ports import Chain, ChainUnavailable, Clock, Signers

MOST_AT_ONCE: Final = 20  # people whose accounts are being made
MOST_A_DAY: Final = 5_000  # people


class DepositAddresses:
    """Gives addresses out, on a chain that answers."""

    def __init__(
        self,
        chain: Chain,
        signers: Signers,
        store: DepositStore,
        watch: DepositWatch,
        assets: Mapping[AssetCode, Depositable],
        clock: Clock,
        *,
        most_a_day: int = MOST_A_DAY,
        newcomers: Newcomers | None = None,
    ) -> None:
        self._chain = chain
        self._signers = signers
        self._store = store
        self._watch = watch
        self._assets = assets
        self._clock = clock
        self._most_a_day = most_a_day
        self._newcomers = newcomers or Newcomers()
        self._making: dict[UserId, asyncio.Task[None]] = {}

    async def load(self) -> None:
        """Take up who got an address today."""
        self._newcomers.restore(await self._store.newcomers(Micros(self._clock() - DAY)))

    async def of(self, user: UserId, code: AssetCode, place: Hashable = None) -> tuple[DepositAccount, Depositable]:
        """Return where somebody deposits an asset, made where there is none. place is the neighbourhood they ask from.

        Raises UnknownAsset, DepositsUnavailable or TooManyDepositAddresses.
        """
        asset = self._assets.get(code)
        if asset is None:
            raise UnknownAsset(asset=code)
        owner = self._signers.deposits(user).address
        address = self._chain.token_account(owner, asset.mint)
        if self._watch.find(address) is None:
            is_newcomer = await self._store.is_newcomer(user, Micros(self._clock() - DAY))
            if self._watch.find(address) is None:  # nor meanwhile
                # Whoever asks may go away: what is under way is finished, once.
                await asyncio.shield(self._made(user, owner, place, is_newcomer=is_newcomer))
        account = self._watch.find(address)
        assert account is not None
        return account, asset

    def _made(self, user: UserId, owner: str, place: Hashable, *, is_newcomer: bool) -> asyncio.Task[None]:
        making = self._making.get(user)
        if making is None:
            now = self._clock()
            if len(self._making) >= MOST_AT_ONCE:
                raise DepositsUnavailable("Many deposit addresses are being made just now; ask again in a moment.")
            if self._watch.people_since(now - DAY) + len(self._making) >= self._most_a_day:
                raise TooManyDepositAddresses
            if is_newcomer:
                self._newcomers.let_in(user, place, now)
            making = self._making[user] = asyncio.create_task(self._make(user, owner))
            making.add_done_callback(lambda done: self._finished(user, done))
        return making

    def _finished(self, user: UserId, done: asyncio.Task[None]) -> None:
        del self._making[user]
        if not done.cancelled():
            done.exception()  # whoever asked has got it, if they are still there

    async def _make(self, user: UserId, owner: str) -> None:
        try:
            # No bytes need to be kept: the same transaction twice makes the same accounts once.
            await self._chain.open_token_accounts(
                self._signers.vault, owner, [asset.mint for asset in self._assets.values()]
            )
        except ChainUnavailable:
            raise DepositsUnavailable from None
        accounts = [
            DepositAccount(self._chain.token_account(owner, asset.mint), owner, user, code, asset.mint, self._clock())
            for code, asset in self._assets.items()
        ]
        await self._store.add(accounts)
        self._watch.add(accounts)
