"""Settlement on Solana as an exchange has it: begun when the chain is up, and over with it. Trading never waits."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from clobster.config import Settings
from clobster.liquidity import amounts_of
from clobster.markets import Listing
from clobster.metrics import SettlementMetrics
from data.store.queries import Queries
from data.store.settlement import SqlSettlement
from data.store.store import Store
from data.store.vault import SqlVault
from engine.core.types import AssetCode
from engine.custody.accounts import Depositable
from engine.ports import Clock, Signers
from engine.settlement.pace import Pace
from engine.settlement.settlement import Settlement
from engine.settlement.types import SettlementBatch
from engine.settlement.vault import Vault
from engine.trying import keep_trying
from webapp_api.settling import Settling

if TYPE_CHECKING:  # solana-py is imported beside trading
    from collections.abc import AsyncIterator

    from solana.rpc.async_api import AsyncClient

    from data.solana.program import Program
    from data.solana.svm_clob.place import Place

log = structlog.get_logger()


class SettlementOnSolana:
    """Built with the exchange. `shown` is what administrators and operators see of it."""

    def __init__(
        self,
        settings: Settings,
        listing: Listing,
        store: Store,
        queries: Queries,
        clock: Clock,
        shown: Settling,
    ) -> None:
        """Take the settings. Raises ConfigError where an asset or an amount is none."""
        amounts_of("svm_clob_most", settings.svm_clob_most, listing)
        self.shown = shown
        self.metrics = SettlementMetrics(lambda: shown.backlog)
        self.listeners: list[Callable[[SettlementBatch], None]] = []
        self._settings = settings
        self._listing = listing
        self._store = SqlSettlement(store, queries)
        self._vaults = SqlVault(store, queries)
        self._clock = clock

    @asynccontextmanager
    async def open(
        self, client: "AsyncClient", signers: Signers, assets: Mapping[AssetCode, Depositable]
    ) -> "AsyncIterator[tuple[Vault, Settlement]]":
        """Take up what is written down, and settle until left."""
        from clobster.svm_clob import place_of
        from data.solana.sending import RpcSender
        from data.solana.svm_clob import transactions
        from data.solana.token_program import TokenProgram
        from data.solana.vault import RpcVault

        settings = self._settings
        mints = {code: each.mint for code, each in assets.items()}
        accounts, place = RpcVault(client), None
        if settings.settlement_program == "svm-clob":
            place = place_of(settings, self._listing, signers, mints, lambda *purse: vault.address(*purse))
        named = [] if place is None else map(str, transactions.named(place))
        vault = Vault(accounts, signers, self._vaults, mints, self._clock, named=named)
        await vault.load()
        decimals = {code: (each.mint, each.asset.decimals) for code, each in assets.items()}
        program: Program = TokenProgram(signers, decimals, vault.tables)
        if place is not None:
            program = await self._svm_clob(client, place, signers, program)
        sender = RpcSender(client, program, signers.vault, fee_cap=settings.settlement_fee_cap)
        pace = Pace(collect_s=settings.settlement_collect_ms / 1000, collect_fills=settings.settlement_collect_fills)
        settlement = Settlement(sender, vault, self._store, self._clock, pace=pace)
        settlement.listeners += self.listeners
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

    async def _svm_clob(self, client: "AsyncClient", place: "Place", signers: Signers, tokens: "Program") -> "Program":
        """Return the program, where all is as it must be. Raises ChainUnavailable: then it is asked again later."""
        from data.solana.svm_clob.program import SvmClob
        from data.solana.svm_clob.starting import Unusable

        program = SvmClob(client, place, signers, tokens)
        try:
            await program.check()
        except Unusable as unusable:
            log.error("nothing settles by svm_clob", why=str(unusable))
            raise
        log.info("trades settle by svm_clob", program=str(place.program), most=place.most)
        return program
