"""Proof of solvency as an exchange on Solana has it: snapshots while the chain is up."""

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from clobster.config import Settings
from data.store.readers import Readers
from data.store.solvency import SqlSolvency
from data.store.store import Store
from engine.core.types import AssetCode, Micros
from engine.custody.accounts import Depositable
from engine.ports import Clock
from engine.solvency.snapshots import Outside, Solvency

if TYPE_CHECKING:  # solana-py is imported beside trading
    from collections.abc import AsyncIterator

    from solana.rpc.async_api import AsyncClient


class SolvencyOnSolana:
    """Built with the exchange. `solvency` is what people are shown of it."""

    def __init__(self, settings: Settings, store: Store, reading: Readers, clock: Clock) -> None:
        """Take a connection to read besides that of the people: reading all balances takes a while."""
        every = Micros(settings.solvency_every_s * 1_000_000)
        self.solvency = Solvency(SqlSolvency(store, reading), clock, every=every, most=settings.solvency_kept)

    @asynccontextmanager
    async def open(
        self,
        url: str,
        client: "AsyncClient",
        authority: str,
        assets: Mapping[AssetCode, Depositable],
        backed: asyncio.Event,
    ) -> "AsyncIterator[None]":
        """Take snapshots until left, from when what was credited lies on the chain."""
        from data.solana.holdings import RpcHoldings

        async def run() -> None:
            await backed.wait()
            await self.solvency.run()

        mints = {code: each.mint for code, each in assets.items()}
        async with aiohttp.ClientSession() as session:
            with self.solvency.open(Outside(RpcHoldings(url, session, client), authority, mints)):
                task = asyncio.create_task(run(), name="proof of solvency")
                try:
                    yield
                finally:
                    task.cancel()
                    await asyncio.wait([task])
