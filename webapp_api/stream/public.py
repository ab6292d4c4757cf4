"""Channels that are the same for everybody: depth, trades and ticker of each market.

Changes of all markets are published together, at once after a quiet time and at most once in INTERVAL_S: a client then
costs one write per interval for all that it follows, however fast the exchange is. A frame is made once for all its
subscribers, and not at all without any.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from typing_extensions import override

from engine.core.decimals import MarketDecimals
from engine.core.events import Traded
from engine.core.types import Micros, Symbol
from engine.market_data.depth import DepthDiff, Level
from engine.market_data.market_data import MarketData, Ticker
from engine.sequencer.batch import Batch
from webapp_api import market_views, wire
from webapp_api.stream import protocol
from webapp_api.stream.outgoing import Outgoing

INTERVAL_S: Final = 0.05
DEPTH_LEVELS: Final = 5000  # a side, in a snapshot; deeper ones appear as they change
RECENT_TRADES: Final = 50  # in a snapshot


class PublicChannel(ABC):
    """One channel of one market."""

    kind: str

    def __init__(self, symbol: Symbol, market_data: MarketData, market: MarketDecimals) -> None:
        self.name = f"{self.kind}:{symbol}"
        self._symbol = symbol
        self._market_data = market_data
        self._market = market
        self._subscribers: dict[Outgoing, None] = {}

    def subscribe(self, client: Outgoing) -> None:
        """Send a snapshot now, and updates from now on."""
        self._send(client, self.snapshot())
        self._subscribers[client] = None

    def unsubscribe(self, client: Outgoing) -> None:
        """Send nothing more."""
        self._subscribers.pop(client, None)
        client.forget(self)

    def publish(self) -> None:
        """Send what has changed since the last time."""
        if self._subscribers:
            self._publish()

    @abstractmethod
    def snapshot(self) -> bytes:
        """Return the frame of the state now. What was not published yet is published first."""

    @abstractmethod
    def _publish(self) -> None:
        """Send what has changed to all subscribers."""

    def _broadcast(self, frame: bytes) -> None:
        for client in self._subscribers:
            self._send(client, frame)

    def _send(self, client: Outgoing, frame: bytes) -> None:
        client.send_newest(frame, self)


class DepthChannel(PublicChannel):
    """Levels that changed; "0" removes one. seq is the depth's own, the same that GET depth answers."""

    kind = "depth"
    _made: tuple[int, bytes] = (-1, b"")

    def on_diff(self, diff: DepthDiff) -> None:
        """Send a diff that was cut, by this channel or by somebody who read the depth."""
        if self._subscribers:
            bids, asks = self._changed(diff.bids), self._changed(diff.asks)
            data = wire.Depth(self._symbol, diff.seq, bids, asks)
            self._broadcast(protocol.update(self.name, diff.seq, data))

    @override
    def snapshot(self) -> bytes:
        seq, bids, asks = self._market_data.depth(self._symbol, DEPTH_LEVELS)
        if self._made[0] != seq:
            levels = market_views.levels
            data = wire.Depth(self._symbol, seq, levels(bids, self._market), levels(asks, self._market))
            self._made = seq, protocol.snapshot(self.name, seq, data)
        return self._made[1]

    @override
    def _publish(self) -> None:
        self._market_data.cut_depth(self._symbol)

    def _changed(self, levels: Iterable[Level]) -> list[tuple[str, str]]:
        price_text, quantity_text = self._market.show_price, self._market.show_quantity
        return [(price_text(price), quantity_text(quantity) if quantity else "0") for price, quantity in levels]


class TradesChannel(PublicChannel):
    """Every trade, oldest first in an update; a snapshot has the recent ones, newest first."""

    kind = "trades"

    def __init__(self, symbol: Symbol, market_data: MarketData, market: MarketDecimals) -> None:
        super().__init__(symbol, market_data, market)
        self._seq = 0
        self._pending: list[Traded] = []

    def add(self, trade: Traded) -> None:
        """Publish a trade with the next update."""
        if self._subscribers:
            self._pending.append(trade)

    @override
    def snapshot(self) -> bytes:
        self.publish()
        recent = self._market_data.trades(self._symbol, RECENT_TRADES)
        return protocol.snapshot(self.name, self._seq, self._views(recent))

    @override
    def _publish(self) -> None:
        if self._pending:
            self._seq += 1
            frame = protocol.update(self.name, self._seq, self._views(self._pending))
            self._pending.clear()
            self._broadcast(frame)

    @override
    def _send(self, client: Outgoing, frame: bytes) -> None:
        client.send(frame)  # a trade is not made up for by later ones

    def _views(self, trades: Iterable[Traded]) -> list[wire.PublicTrade]:
        return [market_views.public_trade(trade, self._market) for trade in trades]


class TickerChannel(PublicChannel):
    """The whole ticker, each time that it has changed."""

    kind = "ticker"

    def __init__(self, symbol: Symbol, market_data: MarketData, market: MarketDecimals) -> None:
        super().__init__(symbol, market_data, market)
        self._seq = 0
        self._last: Ticker | None = None

    @override
    def snapshot(self) -> bytes:
        self.publish()
        ticker = self._market_data.ticker(self._symbol)
        return protocol.snapshot(self.name, self._seq, market_views.ticker(ticker, self._market))

    @override
    def _publish(self) -> None:
        ticker = self._market_data.ticker(self._symbol)
        timeless = msgspec.structs.replace(ticker, at=Micros(0))
        if timeless != self._last:
            self._last = timeless
            self._seq += 1
            self._broadcast(protocol.update(self.name, self._seq, market_views.ticker(ticker, self._market)))


class _Market:
    def __init__(self, symbol: Symbol, market_data: MarketData, market: MarketDecimals) -> None:
        self.depth = DepthChannel(symbol, market_data, market)
        self.trades = TradesChannel(symbol, market_data, market)
        self.ticker = TickerChannel(symbol, market_data, market)

    def publish(self) -> None:
        self.depth.publish()
        self.trades.publish()
        self.ticker.publish()


class PublicChannels:
    """All of them, and the beat at which they are published."""

    def __init__(self, market_data: MarketData, markets: Mapping[str, MarketDecimals]) -> None:
        self._markets = {
            decimals.market.symbol: _Market(decimals.market.symbol, market_data, decimals)
            for decimals in markets.values()
        }
        self._by_name: dict[str, PublicChannel] = {}
        for market in self._markets.values():
            for channel in (market.depth, market.trades, market.ticker):
                self._by_name[channel.name] = channel
        self._changed: dict[Symbol, None] = {}
        self._published_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        market_data.depth_listeners.append(lambda diff: self._markets[diff.symbol].depth.on_diff(diff))

    def get(self, name: str) -> PublicChannel | None:
        """Return the channel of this name, if there is one."""
        return self._by_name.get(name)

    def on_batch(self, batch: Batch) -> None:
        """Publish what a batch changed with the next beat. `MarketData` has heard of it before."""
        changed = self._changed
        for level in batch.levels:
            changed[level.symbol] = None
        for trade in batch.trades:
            changed[trade.symbol] = None
            self._markets[trade.symbol].trades.add(trade)
        if changed and self._timer is None:
            self._timer = self._loop.call_at(self._published_at + INTERVAL_S, self._publish)

    def close(self) -> None:
        """Publish nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _publish(self) -> None:
        self._timer = None
        self._published_at = self._loop.time()
        changed, self._changed = self._changed, {}
        for symbol in changed:
            self._markets[symbol].publish()
