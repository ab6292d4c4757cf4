"""What administrators see and do of the market maker: what it quotes, why it does not, what it earned; its switch."""

from collections import deque
from typing import Final

from engine.core.decimals import show
from engine.core.refusals import Refused
from engine.core.types import Symbol
from engine.liquidity.desk import Desk
from engine.liquidity.maker import MarketMaker
from engine.liquidity.stops import Alarm
from webapp_api import admin_wire

MOST_ALARMS: Final = 200


class NobodyQuotes(Refused):
    """The market maker does not run yet; try again in a moment."""

    code = "busy"


class Quoting:
    """The market maker once it runs, and its latest alarms."""

    def __init__(self) -> None:
        self._maker: MarketMaker | None = None
        self._alarms: deque[Alarm] = deque(maxlen=MOST_ALARMS)

    def watch(self, maker: MarketMaker) -> None:
        """Show this one from now on."""
        self._maker = maker
        maker.alarms.append(self._alarms.append)

    def view(self) -> admin_wire.Quoting:
        """Return all there is to see. Raises NobodyQuotes."""
        maker = self._running()
        return admin_wire.Quoting(
            markets=[_market(desk, maker.switch.reason(symbol)) for symbol, desk in maker.desks.items()],
            alarms=[
                admin_wire.Alarm(
                    alarm.symbol, alarm.change.reason.value, alarm.change.began, alarm.change.detail, alarm.at // 1000
                )
                for alarm in reversed(self._alarms)
            ],
        )

    async def stop(self, market: str, reason: str) -> None:
        """Take back the quotes of a market, or of "all". Raises UnknownSymbol, NobodyQuotes."""
        await self._running().switch.stop(Symbol(market), reason)

    async def resume(self, market: str) -> None:
        """Let a market, or "all", be quoted again. Raises UnknownSymbol, NobodyQuotes."""
        await self._running().switch.resume(Symbol(market))

    def _running(self) -> MarketMaker:
        if self._maker is None:
            raise NobodyQuotes
        return self._maker


def _market(desk: Desk, stopped_by: str | None) -> admin_wire.QuotedMarket:
    pair, profit, mid = desk.pair, desk.profit, desk.mid
    base, quote = pair.base.decimals, pair.quote.decimals
    return admin_wire.QuotedMarket(
        symbol=pair.market.symbol,
        base=pair.base.code,
        quote=pair.quote.code,
        stops=sorted(reason.value for reason in desk.stops.held),
        stopped_because=stopped_by,
        bids=len(desk.asked.bids),
        asks=len(desk.asked.asks),
        trades=profit.trades,
        unpriced=profit.unpriced,
        volume=show(profit.volume, quote),
        position=show(profit.position, base),
        spread=show(profit.spread, quote),
        fees=show(profit.fees, quote),
        hedge_cost=show(profit.hedge_cost, quote),
        realised=show(profit.realised, quote),
        total=None if mid is None else show(profit.total(pair, mid), quote),
    )
