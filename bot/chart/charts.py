"""The pictures of markets, as one person sees them: read, drawn in a thread one at a time, and kept for a while."""

import asyncio
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from bot.chart.drawing import Painter
from bot.chart.scene import MOST_BARS, MOST_FILLS, MOST_LINES, Bar, Fill, Line, Scene
from bot.chart.themes import Theme
from bot.plan import Markets
from data.store.candles import candles
from data.store.queries import Queries
from engine.core.decimals import MarketDecimals, show_plain
from engine.core.market import Asset
from engine.core.types import BUY, SELL, Micros, Symbol, UserId
from engine.market_data.candles import Candle
from engine.market_data.intervals import Interval
from engine.market_data.reference import ReferenceCandle
from engine.ports import Clock
from engine.sequencer.sequencer import Busy

MOST_KEPT: Final = 64  # pictures, some 50 kB each
MOST_WAITING: Final = 50  # a second's worth

Key = tuple[Symbol, Interval, Theme, str, tuple[Bar, ...]]


class Picture(Struct, frozen=True):
    """A PNG; outside counts the own open orders whose prices are too far away to be in it."""

    png: bytes
    outside: int


class Charts:
    """Draws pictures. One that shows nothing of anybody's own is kept until its market has gone on."""

    def __init__(self, queries: Queries, markets: Markets, assets: Mapping[str, Asset], clock: Clock) -> None:
        self._queries = queries
        self._markets = markets
        self._assets = assets
        self._clock = clock
        self._painter = Painter()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._kept: dict[Key, Picture] = {}

    async def picture(
        self, symbol: Symbol, interval: Interval, theme: Theme, empty: str, user: UserId | None = None
    ) -> Picture:
        """Return a market's picture, with a person's own orders and fills where one is named.

        empty is what it says where nothing has traded. Raises Busy.
        """
        scene = await self._scene(symbol, interval, empty, user)
        if scene.lines or scene.fills:
            return await self._draw(scene, theme)
        # A bar that has ended stays as it is, so the first and the last say which picture it is.
        key = symbol, interval, theme, empty, scene.bars[:1] + scene.bars[-1:]
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = await self._draw(scene, theme)
            if len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return kept

    async def _draw(self, scene: Scene, theme: Theme) -> Picture:
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._turn:
                return Picture(*await asyncio.to_thread(self._painter.png, scene, theme))
        finally:
            self._waiting -= 1

    async def _scene(self, symbol: Symbol, interval: Interval, empty: str, user: UserId | None) -> Scene:
        market = self._markets[symbol]
        terms = market.market
        found = await candles(self._queries, symbol, interval, self._clock(), limit=MOST_BARS)
        bars = tuple(_bar(each, market) for each in found)
        lines: tuple[Line, ...] = ()
        fills: tuple[Fill, ...] = ()
        if user is not None and bars:
            lines, fills = await self._own(user, market, bars[0].begin)
        volume = f"Vol {show_plain(bars[-1].volume, self._assets[terms.base].decimals)} {terms.base}" if bars else ""
        decimals = self._assets[terms.quote].decimals
        title = f"{terms.base}/{terms.quote}"
        return Scene(
            title, interval, bars, lines, fills, terms.tick_atoms, decimals, market.price_places, volume, empty
        )

    async def _own(
        self, user: UserId, market: MarketDecimals, since: Micros
    ) -> tuple[tuple[Line, ...], tuple[Fill, ...]]:
        """Return a person's newest open orders in a market, and what they traded there since a time."""
        symbol, tick = market.market.symbol, market.market.tick_atoms
        orders = await self._queries.orders(user, symbol=symbol, status="open", limit=MOST_LINES)
        trades = await self._queries.own_trades(user, symbol=symbol, start=since, limit=MOST_FILLS)
        lines = tuple(Line(each.side, each.price * tick) for each in orders.items)
        fills = []
        for each in trades.items:
            trade = each.trade
            sides = [trade.taker_side] if trade.taker == user else []
            if trade.maker == user:
                sides.append(SELL if trade.taker_side is BUY else BUY)
            fills += [Fill(side, trade.price * tick, trade.at) for side in sides]
        return lines, tuple(fills)


def _bar(candle: Candle | ReferenceCandle, market: MarketDecimals) -> Bar:
    tick = market.market.tick_atoms
    volume = candle.volume * market.market.lot_atoms if isinstance(candle, Candle) else candle.volume
    return Bar(candle.begin, candle.open * tick, candle.high * tick, candle.low * tick, candle.close * tick, volume)
