"""Depth, recent trades and the ticker of every market, fed by committed batches."""

from collections import deque
from collections.abc import Callable, Iterable

from msgspec import Struct

from engine.core.events import LevelChanged, Traded
from engine.core.market import Market
from engine.core.refusals import UnknownSymbol
from engine.core.types import TRADING, Atoms, Lots, MarketState, Micros, Symbol, Ticks
from engine.market_data.candles import Candle, Newest, by_minute
from engine.market_data.day import Day
from engine.market_data.depth import Depth, DepthDiff, Level
from engine.market_data.intervals import Interval
from engine.market_data.reference_price import ReferencePrice
from engine.ports import Clock
from engine.sequencer.batch import Batch

RECENT_TRADES = 1000  # kept a market
MOST_UNCUT = 10_000  # prices whose change is remembered until somebody asks


class Ticker(Struct, frozen=True, gc=False):
    """A market at one moment: the last price, the best levels, and the last 24 hours to the minute.

    None means that there is no such price. Volume is in base lots, quote_volume in quote atoms. previous_close is the
    last price before the 24 hours. reference is another venue's price.
    """

    symbol: Symbol
    at: Micros
    last: Ticks | None
    best_bid: Level | None
    best_ask: Level | None
    open: Ticks | None
    high: Ticks | None
    low: Ticks | None
    volume: Lots
    quote_volume: Atoms
    trades: int
    previous_close: Ticks | None
    reference: ReferencePrice | None = None
    state: MarketState = TRADING

    @property
    def spread(self) -> Ticks | None:
        """How far the best ask is above the best bid; None where a side is empty."""
        return None if self.best_bid is None or self.best_ask is None else Ticks(self.best_ask[0] - self.best_bid[0])

    @property
    def change(self) -> Ticks | None:
        """How far the price has moved in 24 hours; None where nothing traded."""
        return None if self.last is None or self.open is None else Ticks(self.last - self.open)


class _Market:
    __slots__ = ("candles", "day", "depth", "last", "reference", "state", "trades")

    def __init__(self, symbol: Symbol, first_seq: int) -> None:
        self.candles = Newest()
        self.depth = Depth(symbol, first_seq)
        self.day = Day()
        self.trades: deque[Traded] = deque(maxlen=RECENT_TRADES)
        self.last: Ticks | None = None
        self.reference: ReferencePrice | None = None
        self.state = TRADING


class MarketData:
    """The public view of all markets. `on_batch` is a listener of the sequencer; readers come on the same loop.

    depth_listeners hear of every diff that is cut, whoever asked for it, so that a seq means the same to all.
    candle_listeners hear of every candle that is closed, because something traded after it, as it was in the end.
    The seqs of depth count on from first_seq: where that is a time, a seq of an earlier run means nothing in this one.
    """

    def __init__(self, symbols: Iterable[Symbol], clock: Clock, *, first_seq: int = 0) -> None:
        self._markets = {symbol: _Market(symbol, first_seq) for symbol in symbols}
        self._clock = clock
        self.depth_listeners: list[Callable[[DepthDiff], None]] = []
        self.candle_listeners: list[Callable[[Symbol, Interval, Candle], None]] = []

    def on_batch(self, batch: Batch) -> None:
        """Take over what a committed batch changed."""
        markets = self._markets
        self.restore_states(batch.markets)
        for level in batch.levels:
            depth = markets[level.symbol].depth
            depth.change(level)
            if depth.uncut >= MOST_UNCUT:  # nobody follows this market
                self.cut_depth(level.symbol)
        for trade in batch.trades:
            markets[trade.symbol].trades.append(trade)
        for (symbol, _), minute in by_minute(batch.trades).items():
            market = markets[symbol]
            market.last = minute.close
            market.day.add(minute)
            for interval, candle in market.candles.add(minute):
                for listener in self.candle_listeners:
                    listener(symbol, interval, candle)

    def on_reference(self, price: ReferencePrice) -> None:
        """Take over another venue's price; that of a market which is not ours is left out."""
        if market := self._markets.get(price.symbol):
            market.reference = price

    def restore_levels(self, levels: Iterable[LevelChanged]) -> None:
        """Fill the depth with what rests on the engine's books after recovery. Call it before the first batch."""
        for level in levels:
            self._markets[level.symbol].depth.change(level)

    def restore_states(self, markets: Iterable[Market]) -> None:
        """Take over what state markets are in."""
        for market in markets:
            self._markets[market.symbol].state = market.state

    def restore_trades(self, symbol: Symbol, trades: Iterable[Traded]) -> None:
        """Fill a market's recent trades from the store, oldest first."""
        market = self._market(symbol)
        market.trades.extend(trades)
        if market.trades:
            market.last = market.trades[-1].price

    def restore_candles(
        self,
        symbol: Symbol,
        newest: Iterable[tuple[Interval, Candle]],
        minutes: Iterable[Candle],
        previous_close: Ticks | None,
    ) -> None:
        """Fill a market's newest candles and its last day from the store.

        minutes are those with trades since a day ago, oldest first, and previous_close is the last price before them.
        """
        market = self._market(symbol)
        for interval, candle in newest:
            market.candles.restore(interval, candle)
        market.day.restore(minutes, previous_close)

    def cut_depth(self, symbol: Symbol) -> None:
        """Publish what has changed in a market's depth since the last cut as one diff, if anything has."""
        diff = self._market(symbol).depth.cut()
        if diff is not None:
            for listener in self.depth_listeners:
                listener(diff)

    def depth(self, symbol: Symbol, limit: int) -> tuple[int, list[Level], list[Level]]:
        """Return (seq, bids, asks), the best `limit` levels a side, best first. Raises UnknownSymbol.

        Cuts first: what one reads under a seq is exactly what a subscriber has who has followed up to that seq.
        """
        self.cut_depth(symbol)
        depth = self._market(symbol).depth
        return depth.seq, *depth.best(limit)

    def trades(self, symbol: Symbol, limit: int) -> list[Traded]:
        """Return at most `limit` recent trades, newest first. Raises UnknownSymbol."""
        trades = self._market(symbol).trades
        return [trade for trade, _ in zip(reversed(trades), range(limit), strict=False)]

    def state(self, symbol: Symbol) -> MarketState:
        """Return whether a market takes orders. Raises UnknownSymbol."""
        return self._market(symbol).state

    def ticker(self, symbol: Symbol) -> Ticker:
        """Return a market's ticker as of now. Raises UnknownSymbol."""
        market, now = self._market(symbol), self._clock()
        day, depth = market.day, market.depth
        day.advance(now)
        return Ticker(
            symbol=symbol,
            at=now,
            last=market.last,
            best_bid=depth.best_bid,
            best_ask=depth.best_ask,
            open=day.open,
            high=day.high,
            low=day.low,
            volume=Lots(day.volume),
            quote_volume=Atoms(day.notional),
            trades=day.trades,
            previous_close=day.previous_close,
            reference=market.reference,
            state=market.state,
        )

    def candle(self, symbol: Symbol, interval: Interval) -> Candle | None:
        """Return a market's newest candle in which something traded; None before its first trade. Raises UnknownSymbol.

        It may have ended by now: intervals without trades have none here.
        """
        return self._market(symbol).candles.candle(interval)

    def _market(self, symbol: Symbol) -> _Market:
        market = self._markets.get(symbol)
        if market is None:
            raise UnknownSymbol(symbol=symbol)
        return market
