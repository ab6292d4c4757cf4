"""How much traded, in a market and on the whole exchange: the last 24 hours from memory, all time from the store."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from data.store.candles import ever
from data.store.queries import Queries
from engine.core.decimals import MarketDecimals, show
from engine.core.market import Asset
from engine.core.types import AssetCode, Atoms, Lots, Ticks
from engine.market_data.candles import Candle
from engine.market_data.market_data import MarketData, Ticker
from engine.ports import Clock
from webapp_api import market_views
from webapp_api.market_wire import Activity, ExchangeActivity, ExchangeStats, MarketStats


class Statistics:
    """Answers questions about how much traded."""

    def __init__(
        self,
        market_data: MarketData,
        queries: Queries,
        markets: Mapping[str, MarketDecimals],
        assets: Mapping[str, Asset],
        clock: Clock,
    ) -> None:
        self._market_data = market_data
        self._queries = queries
        self._markets = markets
        self._assets = assets
        self._clock = clock

    async def market(self, market: MarketDecimals) -> MarketStats:
        """Return the statistics of one market. May raise Busy."""
        traded = await ever(self._queries, [market.market.symbol])
        day = self._market_data.ticker(market.market.symbol)
        return _stats(market, day, traded.get(market.market.symbol))

    async def exchange(self) -> ExchangeStats:
        """Return the statistics of all markets. May raise Busy."""
        markets = [*self._markets.values()]
        traded = await ever(self._queries, [market.market.symbol for market in markets])
        days = [self._market_data.ticker(market.market.symbol) for market in markets]
        evers = [traded.get(market.market.symbol) for market in markets]
        quotes = [market.market.quote for market in markets]
        return ExchangeStats(
            at=self._clock() // 1000,
            day=self._sum(zip(quotes, [(day.trades, day.quote_volume) for day in days], strict=True)),
            ever=self._sum(
                zip(quotes, [(each.trades, each.notional) if each else (0, 0) for each in evers], strict=True)
            ),
            markets=[_stats(*of) for of in zip(markets, days, evers, strict=True)],
        )

    def _sum(self, traded: Iterable[tuple[AssetCode, tuple[int, int]]]) -> ExchangeActivity:
        count, volumes = 0, defaultdict[AssetCode, int](int)
        for quote, (trades, volume) in traded:
            count += trades
            volumes[quote] += volume
        return ExchangeActivity(
            count, {quote: show(atoms, self._assets[quote].decimals) for quote, atoms in volumes.items()}
        )


def _stats(market: MarketDecimals, day: Ticker, ever: Candle | None) -> MarketStats:
    return MarketStats(
        symbol=market.market.symbol,
        last=market_views.price(day.last, market),
        day=_activity(market, day.trades, day.volume, day.quote_volume, day.high, day.low),
        ever=_activity(market, ever.trades, ever.volume, ever.notional, ever.high, ever.low)
        if ever
        else _activity(market, 0, 0, 0, None, None),
    )


def _activity(
    market: MarketDecimals, trades: int, volume: int, notional: int, high: Ticks | None, low: Ticks | None
) -> Activity:
    lots, atoms = Lots(volume), Atoms(notional)
    return Activity(
        trades=trades,
        volume=market.show_quantity(lots),
        quote_volume=market.show_quote(atoms),
        high=market_views.price(high, market),
        low=market_views.price(low, market),
        weighted_average=market.average_price(atoms, lots),
    )
