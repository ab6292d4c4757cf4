"""The switch of markets: whether one, or all, take orders. It is kept in the log, as all that the exchange does."""

import asyncio

from msgspec.structs import replace

from engine.core.commands import ListMarket
from engine.core.refusals import UnknownSymbol
from engine.core.types import MarketState
from engine.liquidity.switch import ALL
from engine.ports import Clock
from engine.sequencer.sequencer import Outcome, Sequencer
from webapp_api.orders import Markets


class MarketSwitch:
    """Lists markets again in another state; their terms stay."""

    def __init__(self, sequencer: Sequencer, markets: Markets, clock: Clock) -> None:
        self._sequencer = sequencer
        self._markets = markets
        self._clock = clock

    async def switch(self, market: str, state: MarketState) -> None:
        """Put a market, or "all" at once, into a state, and return when that is durable.

        Raises UnknownSymbol, or Busy where there is no room for all; then none is switched.
        """
        named = self._markets.values() if market == ALL else [self._markets[market]] if market in self._markets else []
        commands = [ListMarket(self._clock(), replace(each.market, state=state)) for each in named]
        if not commands:
            raise UnknownSymbol(symbol=market)
        committed: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._sequencer.enqueue_all(
            commands, lambda outcomes: None if committed.done() else committed.set_result(outcomes)
        )
        await committed
