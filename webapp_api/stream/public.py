"""Channels that are the same for everybody, and the beat at which they are published.

Changes of all markets are published together, at once after a quiet time and at most once in INTERVAL_S: a client then
costs one write per interval for all that it follows, however fast the exchange is.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from engine.core.decimals import MarketDecimals
from engine.core.types import Symbol
from engine.market_data.candles import Candle
from engine.market_data.depth import DepthDiff
from engine.market_data.intervals import Interval
from engine.market_data.market_data import MarketData
from engine.sequencer.batch import Batch
from webapp_api.stream.channel import PublicChannel
from webapp_api.stream.depth import DepthChannel
from webapp_api.stream.market_channels import REFRESH_S, CandlesChannel, TickerChannel, TradesChannel

INTERVAL_S: Final = 0.05


class _Market:
    def __init__(self, symbol: Symbol, market_data: MarketData, market: MarketDecimals, seq: int) -> None:
        self.depth = DepthChannel(f"depth:{symbol}", symbol, market_data, market, market_data.depth(symbol, 0)[0])
        self.trades = TradesChannel(symbol, market_data, market, seq)
        self.ticker = TickerChannel(symbol, market_data, market, seq)
        self.candles = {each: CandlesChannel(each, symbol, market_data, market, seq) for each in Interval}
        self.channels: list[PublicChannel] = [self.depth, self.trades, self.ticker, *self.candles.values()]


class PublicChannels:
    """All of them. Those whose seq is their own count on from first_seq."""

    def __init__(self, market_data: MarketData, markets: Mapping[str, MarketDecimals], first_seq: int) -> None:
        self._markets = {
            decimals.market.symbol: _Market(decimals.market.symbol, market_data, decimals, first_seq)
            for decimals in markets.values()
        }
        self._by_name = {channel.name: channel for market in self._markets.values() for channel in market.channels}
        self._changed: dict[Symbol, None] = {}
        self._published_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._refreshing = self._loop.call_later(REFRESH_S / 2, self._refresh)
        market_data.depth_listeners.append(self._on_diff)
        market_data.candle_listeners.append(self._on_candle)

    def get(self, name: str) -> PublicChannel | None:
        """Return the channel of this name, if there is one."""
        return self._by_name.get(name)

    def on_batch(self, batch: Batch) -> None:
        """Publish what a batch changed with the next beat. `MarketData` has heard of it before."""
        changed = self._changed
        for market in batch.markets:
            changed[market.symbol] = None
        for level in batch.levels:
            changed[level.symbol] = None
        for trade in batch.trades:
            changed[trade.symbol] = None
            self._markets[trade.symbol].trades.add(trade)
        if changed and self._timer is None:
            self._timer = self._loop.call_at(self._published_at + INTERVAL_S, self._publish)

    def close(self) -> None:
        """Publish nothing more."""
        self._refreshing.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _on_diff(self, diff: DepthDiff) -> None:
        self._markets[diff.symbol].depth.on_diff(diff)

    def _on_candle(self, symbol: Symbol, interval: Interval, candle: Candle) -> None:
        self._markets[symbol].candles[interval].close(candle)

    def _publish(self) -> None:
        self._timer = None
        self._published_at = self._loop.time()
        changed, self._changed = self._changed, {}
        for symbol in changed:
            for channel in self._markets[symbol].channels:
                channel.publish()

    def _refresh(self) -> None:
        self._refreshing = self._loop.call_later(REFRESH_S / 2, self._refresh)
        for market in self._markets.values():
            market.ticker.refresh()
