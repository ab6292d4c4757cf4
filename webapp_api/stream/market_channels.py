"""The channels of a market's trades, its ticker and its candles."""

from collections.abc import Iterable
from typing import ClassVar, Final

import msgspec
from msgspec import Struct
from typing_extensions import override

from engine.core.decimals import MarketDecimals
from engine.core.events import Traded
from engine.core.types import Micros, Symbol
from engine.market_data.candles import Candle
from engine.market_data.intervals import Interval
from engine.market_data.market_data import MarketData, Ticker
from webapp_api import market_views, market_wire, wire
from webapp_api.stream import protocol
from webapp_api.stream.channel import PublicChannel
from webapp_api.stream.outgoing import Outgoing

RECENT_TRADES: Final = 50  # in a snapshot
REFRESH_S: Final = 1.0  # the longest time between two tickers


class TradesChannel(PublicChannel):
    """Every trade, oldest first in an update; a snapshot has the recent ones, newest first."""

    def __init__(self, symbol: Symbol, market_data: MarketData, market: MarketDecimals, seq: int) -> None:
        super().__init__(f"trades:{symbol}", symbol, market_data, market, seq)
        self._pending: list[Traded] = []

    def add(self, trade: Traded) -> None:
        """Tell of a trade with the next update."""
        if self.awake:
            self._pending.append(trade)
        else:
            self._missed()

    @override
    def snapshot(self) -> bytes:
        self.publish()
        recent = self._market_data.trades(self._symbol, RECENT_TRADES)
        return protocol.snapshot(self.name, self._seq, self._views(recent))

    @override
    def _publish(self) -> None:
        if self._pending:
            pending, self._pending = self._pending, []
            self._update(self._views(pending))

    @override
    def _missed(self) -> None:
        super()._missed()
        self._pending.clear()

    @override
    def _send(self, client: Outgoing, frame: bytes) -> None:
        client.send(frame)  # a trade is not made up for by later ones

    def _views(self, trades: Iterable[Traded]) -> list[wire.PublicTrade]:
        return [market_views.public_trade(trade, self._market) for trade in trades]


class TickerChannel(PublicChannel):
    """The whole ticker, each time that it has changed, and every second where it has not.

    A reference price that moves is no change: it never rests, and is told with the rest.
    """

    ring_bytes: ClassVar[int] = 32 * 1024

    def __init__(self, symbol: Symbol, market_data: MarketData, market: MarketDecimals, seq: int) -> None:
        super().__init__(f"ticker:{symbol}", symbol, market_data, market, seq)
        self._last: Ticker | None = None
        self._told_at = 0.0

    def refresh(self) -> None:
        """Tell it again where nothing was told for a while: the last 24 hours go on in a silent market too."""
        if self._subscribers and self._loop.time() - self._told_at > REFRESH_S / 2:
            self._tell(self._market_data.ticker(self._symbol))

    @override
    def snapshot(self) -> bytes:
        self.publish()
        ticker = self._market_data.ticker(self._symbol)
        return protocol.snapshot(self.name, self._seq, market_views.ticker(ticker, self._market))

    @override
    def _publish(self) -> None:
        ticker = self._market_data.ticker(self._symbol)
        if _own(ticker) != self._last:
            self._tell(ticker)

    def _tell(self, ticker: Ticker) -> None:
        self._last = _own(ticker)
        self._told_at = self._loop.time()
        self._update(market_views.ticker(ticker, self._market))


def _own(ticker: Ticker) -> Ticker:
    return msgspec.structs.replace(ticker, at=Micros(0), reference=None)


class CandleData(Struct, gc=False):
    """A candle, and whether it will not change any more: something has traded after it. null: nothing ever traded."""

    symbol: str
    interval: str
    closed: bool
    candle: market_wire.Candle | None


class CandlesChannel(PublicChannel):
    """The newest candle of an interval, each time that it has changed, and once more when the next one begins."""

    ring_bytes: ClassVar[int] = 16 * 1024

    def __init__(
        self, interval: Interval, symbol: Symbol, market_data: MarketData, market: MarketDecimals, seq: int
    ) -> None:
        super().__init__(f"candles:{symbol}:{interval.value}", symbol, market_data, market, seq)
        self._interval = interval
        self._last: Candle | None = None

    def close(self, candle: Candle) -> None:
        """Tell what a candle was in the end."""
        if self.awake:
            self._update(self._view(candle, closed=True))
        else:
            self._missed()

    @override
    def snapshot(self) -> bytes:
        self.publish()
        return protocol.snapshot(self.name, self._seq, self._view(self._newest(), closed=False))

    @override
    def _publish(self) -> None:
        candle = self._newest()
        if candle is not None and candle != self._last:
            self._last = candle
            self._update(self._view(candle, closed=False))

    def _newest(self) -> Candle | None:
        return self._market_data.candle(self._symbol, self._interval)

    def _view(self, candle: Candle | None, *, closed: bool) -> CandleData:
        view = None if candle is None else market_views.candle(candle, self._market)
        return CandleData(self._symbol, self._interval.value, closed, view)
