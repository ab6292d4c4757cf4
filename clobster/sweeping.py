"""Sweeps beside the deposit watch and settlement; and, on a localnet, tokens for the play money of the books."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from clobster.config import Settings
from clobster.liquidity import amounts_of
from clobster.markets import Listing
from data.store.queries import Queries
from data.store.sweeps import SqlSweeps
from engine.core.commands import Deposit
from engine.core.market import Asset
from engine.core.refusals import Refused
from engine.core.types import AssetCode
from engine.custody.accounts import Depositable
from engine.custody.addresses import DepositAddresses
from engine.custody.sweeper import Sweeper
from engine.custody.watch import DepositWatch
from engine.ports import ChainUnavailable, Signers
from engine.settlement.settlement import Settlement
from engine.settlement.vault import Vault
from engine.trying import keep_trying

if TYPE_CHECKING:  # solana-py is imported beside trading
    from solana.rpc.async_api import AsyncClient

    from data.solana.localnet.localnet import Localnet

log = structlog.get_logger()


class Sweeping:
    """Built with the exchange."""

    def __init__(self, settings: Settings, listing: Listing, queries: Queries) -> None:
        """Take the settings. Raises ConfigError where an asset or an amount is none."""
        self._minimums = amounts_of("sweep_minimums", settings.sweep_minimums, listing)
        self.backed = asyncio.Event()  # what was credited lies on the chain, also what came without it
        self._store = SqlSweeps(queries, has_play_money=settings.solana == "localnet")

    @asynccontextmanager
    async def open(
        self,
        client: "AsyncClient",
        localnet: "Localnet | None",
        signers: Signers,
        assets: Mapping[AssetCode, Depositable],
        watch: DepositWatch,
        addresses: DepositAddresses,
        vault: Vault,
        settlement: Settlement,
    ) -> AsyncIterator[None]:
        """Sweep until left, which is to be before settlement ends."""
        sweeper = Sweeper(self._store, watch, vault, settlement, signers, assets, self._minimums)

        async def mint() -> None:
            assert localnet is not None
            await self._mint(client, localnet, signers, assets, addresses)

        tasks = [asyncio.create_task(sweeper.run(), name="sweeping")]
        if localnet is None:
            self.backed.set()
        else:
            tasks.append(asyncio.create_task(keep_trying("play money", mint), name="play money"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _mint(
        self,
        client: "AsyncClient",
        localnet: "Localnet",
        signers: Signers,
        assets: Mapping[AssetCode, Depositable],
        addresses: DepositAddresses,
    ) -> None:
        """Mint what was credited without the chain: the market maker's capital, and what is of an earlier time."""
        from data.solana.localnet.play_money import mint_play_money

        async def account_of(deposit: Deposit) -> tuple[str, Asset]:
            try:
                account, rules = await addresses.of(deposit.user, deposit.asset)
            except Refused as refused:
                raise ChainUnavailable(f"no deposit address: {refused.code}") from None
            return account.token_account, rules.asset

        deposits = [each for each in await self._store.play_money() if each.asset in assets]
        await mint_play_money(client, localnet.authority, signers.vault, deposits, account_of)
        self.backed.set()
        log.info("play money lies on the localnet", deposits=len(deposits))
        await asyncio.Event().wait()  # what comes now comes by the chain
