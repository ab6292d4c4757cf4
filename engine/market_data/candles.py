"""Candles of trades in the writer's order: what happened in an interval, in integers."""

from collections.abc import Iterable
from copy import copy
from typing import Final

from msgspec import Struct

from engine.core.events import Traded
from engine.core.types import BUY, Micros, Symbol, Ticks
from engine.market_data.intervals import MINUTE, Interval

_INTERVALS: Final = tuple(Interval)


class Candle(Struct, gc=False):
    """What traded from `begin` to the end of an interval.

    Volume is in base lots, notional in quote atoms; taker_buy_… is the part of it that takers bought. These are plain
    integers, since they are summed up where every trade passes.
    """

    begin: Micros
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: int
    notional: int
    trades: int
    taker_buy_volume: int
    taker_buy_notional: int

    def merge(self, later: "Candle") -> None:
        """Add what traded later in the same interval."""
        if later.high > self.high:
            self.high = later.high
        if later.low < self.low:
            self.low = later.low
        self.close = later.close
        self.volume += later.volume
        self.notional += later.notional
        self.trades += later.trades
        self.taker_buy_volume += later.taker_buy_volume
        self.taker_buy_notional += later.taker_buy_notional


def flat(begin: Micros, price: Ticks) -> Candle:
    """Return the candle of an interval without trades, at the price of the last trade before it."""
    return Candle(begin, price, price, price, price, 0, 0, 0, 0, 0)


def by_minute(trades: Iterable[Traded]) -> dict[tuple[Symbol, int], Candle]:
    """Return what some trades come to in each market and minute (counted since the epoch), oldest first."""
    found: dict[tuple[Symbol, int], Candle] = {}
    for trade in trades:
        key = trade.symbol, trade.at // MINUTE
        price, quantity, notional = trade.price, trade.quantity, trade.notional
        bought = trade.taker_side is BUY
        candle = found.get(key)
        if candle is None:
            begin = Micros(key[1] * MINUTE)
            taken = (quantity, notional) if bought else (0, 0)
            found[key] = Candle(begin, price, price, price, price, quantity, notional, 1, *taken)
            continue
        if price > candle.high:
            candle.high = price
        elif price < candle.low:
            candle.low = price
        candle.close = price
        candle.volume += quantity
        candle.notional += notional
        candle.trades += 1
        if bought:
            candle.taker_buy_volume += quantity
            candle.taker_buy_notional += notional
    return found


class Newest:
    """The newest candle of each interval of one market.

    Trades are counted in the newest minute only; it is merged into the longer intervals when the next one begins.
    """

    __slots__ = ("_before", "_minute")

    def __init__(self) -> None:
        self._before: dict[Interval, Candle] = {}  # without what is in _minute
        self._minute: Candle | None = None

    def restore(self, interval: Interval, candle: Candle) -> None:
        """Start from what the store knows of the interval in which the last trade was. Call it before `add`."""
        self._before[interval] = candle

    def add(self, minute: Candle) -> list[tuple[Interval, Candle]]:
        """Count what traded in a minute that is not older than the newest; `minute` belongs to this from now on.

        Return the candles that are closed by this: their intervals ended before this minute.
        """
        newest = self._minute
        if newest is not None and newest.begin == minute.begin:
            newest.merge(minute)
            return []
        before, closed = self._before, []
        for interval in _INTERVALS:
            candle = self.candle(interval)
            if candle is None:
                continue
            if candle.begin != interval.begin(minute.begin):
                closed.append((interval, candle))
            before[interval] = candle
        self._minute = minute
        return closed

    def candle(self, interval: Interval) -> Candle | None:
        """Return the newest candle in which something traded, or None where nothing ever has."""
        before, minute = self._before.get(interval), self._minute
        if minute is None:
            return copy(before)
        begin = interval.begin(minute.begin)
        if before is not None and before.begin == begin:
            candle = copy(before)
            candle.merge(minute)
        else:
            candle = copy(minute)
            candle.begin = begin
        return candle
