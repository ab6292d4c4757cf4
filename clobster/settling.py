"""Settlement on Solana as an exchange has it: begun when the chain is up, and over with it. Trading never waits."""

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from clobster.config import Settings
from clobster.metrics import SettlementMetrics
from data.store.queries import Queries
from data.store.settlement import SqliteSettlement
from data.store.sqlite import SqliteStore
from data.store.vault import SqliteVault
from engine.core.types import AssetCode
from engine.custody.accounts import Depositable
from engine.custody.trying import keep_trying
from engine.ports import Clock, Signers
from engine.settlement.pace import Pace
from engine.settlement.settlement import Settlement
from engine.settlement.vault import Vault
from webapp_api.settling import Settling

if TYPE_CHECKING:  # solana-py is imported beside trading
    from collections.abc import AsyncIterator

    from solana.rpc.async_api import AsyncClient


class SettlementOnSolana:
    """Built with the exchange. `shown` is what administrators and operators see of it."""

    def __init__(self, settings: Settings, store: SqliteStore, queries: Queries, clock: Clock, shown: Settling) -> None:
        self.shown = shown
        self.metrics = SettlementMetrics(lambda: shown.backlog)
        self._settings = settings
        self._store = SqliteSettlement(store, queries)
        self._vaults = SqliteVault(store, queries)
        self._clock = clock

    @asynccontextmanager
    async def open(
        self, client: "AsyncClient", signers: Signers, assets: Mapping[AssetCode, Depositable]
    ) -> "AsyncIterator[tuple[Vault, Settlement]]":
        """Take up what is written down, and settle until left."""
        from data.solana.sending import RpcSender
        from data.solana.token_program import TokenProgram
        from data.solana.vault import RpcVault

        settings = self._settings
        mints = {code: each.mint for code, each in assets.items()}
        vault = Vault(RpcVault(client), signers, self._vaults, mints, self._clock)
        await vault.load()
        decimals = {code: (each.mint, each.asset.decimals) for code, each in assets.items()}
        program = TokenProgram(signers, decimals, vault.tables)
        sender = RpcSender(client, program, signers.vault, fee_cap=settings.settlement_fee_cap)
        pace = Pace(collect_s=settings.settlement_collect_ms / 1000, collect_fills=settings.settlement_collect_fills)
        settlement = Settlement(sender, vault, self._store, self._clock, pace=pace)
        await settlement.load()
        running = [
            asyncio.create_task(settlement.run(), name="settlement"),
            asyncio.create_task(keep_trying("lookup tables", vault.keep_tables), name="lookup tables"),
        ]
        self.shown.watch(settlement)
        try:
            yield vault, settlement
        finally:
            self.shown.watch(None)
            for task in running:
                task.cancel()
            await asyncio.wait(running)
