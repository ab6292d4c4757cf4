"""What administrators see and do of settlement: how much is owed, what can't settle and why; to try that again."""

from typing import Final

from engine.core.types import TradeId
from engine.settlement.refusals import NobodySettles, SettlementOff
from engine.settlement.settlement import Backlog, FillListener, Settlement
from webapp_api import admin_wire

MOST_SHOWN: Final = 100


class Settling:
    """Settlement once the chain has answered. `is_on` says whether there will ever be one.

    fill_listeners are those of every settlement that there is in this one's time.
    """

    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on
        self.fill_listeners: list[FillListener] = []
        self._settlement: Settlement | None = None

    def watch(self, settlement: Settlement | None) -> None:
        """Show this one from now on."""
        self._settlement = settlement
        if settlement is not None:
            settlement.fill_listeners += self.fill_listeners

    @property
    def backlog(self) -> Backlog | None:
        """How much there is to do, None where nothing settles now."""
        return None if self._settlement is None else self._settlement.backlog

    def health(self) -> dict[str, int | float] | None:
        """Return what is told beside whether the exchange is ready, None where nothing settles now."""
        backlog = self.backlog
        if backlog is None:
            return None
        return {
            "owed": backlog.owed,
            "under_way": backlog.under_way,
            "failed": backlog.failed,
            "oldest_owed_s": round(backlog.oldest_owed_s, 1),
        }

    async def view(self) -> admin_wire.Settlement:
        """Return all there is to see. Raises SettlementOff, NobodySettles."""
        settlement = self._running()
        failed = await settlement.failed(MOST_SHOWN)
        backlog = settlement.backlog
        return admin_wire.Settlement(
            owed=backlog.owed,
            under_way=backlog.under_way,
            transactions_under_way=backlog.batches,
            failed=backlog.failed,
            oldest_owed_s=int(backlog.oldest_owed_s),
            failed_fills=[
                admin_wire.FailedFill(
                    trade_id=each.fill.id,
                    symbol=each.fill.trade.symbol,
                    reason=each.reason,
                    created_at=each.fill.trade.at // 1000,
                )
                for each in failed
            ],
        )

    async def retry(self, trades: list[int] | None) -> int:
        """Try failed fills again, all or some; return how many. Raises SettlementOff, NobodySettles."""
        wanted = None if trades is None else [TradeId(trade) for trade in trades]
        return await self._running().retry(wanted)

    def _running(self) -> Settlement:
        if not self.is_on:
            raise SettlementOff
        if self._settlement is None:
            raise NobodySettles
        return self._settlement
