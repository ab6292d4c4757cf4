"""Comparing the books with Solana as an exchange has it: begun when the chain is up; what it finds is told."""

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from bot.alarms import Alarms
from clobster.config import Settings
from clobster.metrics import ReconciliationMetrics
from data.store.queries import Queries
from data.store.readers import Readers
from data.store.reconciliation import SqlBooks, SqlStops
from data.store.store import Store
from engine.core.decimals import show_plain
from engine.core.market import Asset
from engine.ports import Clock
from engine.reconciliation.fees import FeePayer
from engine.reconciliation.reconciler import Looked, Reconciler
from engine.reconciliation.stop import Stop
from engine.settlement.settlement import Settlement
from engine.settlement.vault import Vault
from webapp_api.reconciling import Reconciling

if TYPE_CHECKING:  # solana-py is imported beside trading
    from collections.abc import AsyncIterator

    from solana.rpc.async_api import AsyncClient

SOL_DECIMALS: Final = 9


class ReconcilingOnSolana:
    """Built with the exchange. `shown` is what administrators and operators see of it."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        queries: Queries,
        reading: Readers,
        assets: Mapping[str, Asset],
        clock: Clock,
    ) -> None:
        """Take a connection of its own to read: what it asks may take longer than what people ask."""
        self.stop = Stop(SqlStops(store, queries), clock)
        self.fees = FeePayer(settings.solana_fee_floor)
        looked = Looked()
        is_on = settings.solana != "off"
        self.shown = Reconciling(self.stop, self.fees, looked, assets, clock, is_on=is_on)
        self.metrics = ReconciliationMetrics(self.shown)
        self._books = SqlBooks(reading)
        self._settings = settings
        self._clock = clock

    def tell(self, alarms: Alarms) -> None:
        """Let administrators know of what begins and ends from now on."""
        stop, fees, shown = self.stop, self.fees, self.shown

        def on_stop() -> None:
            differences = stop.differences
            if not differences:
                alarms.on_books(0, "")
                return
            first = shown.difference(differences[0])
            alarms.on_books(
                len(differences),
                first.identity,
                account=str(first.account_id),
                asset=first.asset,
                expected=first.expected,
                found=first.found,
            )

        def on_fees() -> None:
            alarms.on_fees(show_plain(fees.lamports or 0, SOL_DECIMALS), is_low=fees.is_low)

        stop.listeners.append(on_stop)
        fees.listeners.append(on_fees)

    @asynccontextmanager
    async def open(self, client: "AsyncClient", vault: Vault, settlement: Settlement) -> "AsyncIterator[None]":
        """Compare until left."""
        from data.solana.balances import RpcBalances

        reconciler = Reconciler(
            self._books,
            RpcBalances(client),
            vault,
            self.stop,
            self.fees,
            self.shown.looked,
            self._clock,
            every_s=self._settings.reconcile_s,
            most=self._settings.reconcile_accounts,
        )
        settlement.listeners.append(reconciler.on_batch)
        task = asyncio.create_task(reconciler.run(), name="reconciliation")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
