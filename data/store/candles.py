"""Reads of candles: what is kept, put together to every interval, and the gaps of intervals without trades filled."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Iterable
from typing import Final

import aiosqlite

from data.store.readers import Readers, rows
from data.store.rows import CANDLE_MINUTES
from engine.core.types import Micros, Symbol, Ticks
from engine.market_data.candles import Candle, flat
from engine.market_data.intervals import MINUTE, Interval

MAX_LIMIT: Final = 1_000

_END: Final = Micros(2**63 - 1)

_SUMS: Final = (
    "sum(volume) AS volume, sum(notional) AS notional, sum(trades) AS trades,"
    " sum(taker_buy_volume) AS taker_buy_volume, sum(taker_buy_notional) AS taker_buy_notional"
)
_FIXED: Final = "(begin_at - :offset) / :size * :size + :offset"
_MONTH: Final = "CAST(strftime('%s', begin_at / 1000000, 'unixepoch', 'start of month') AS INTEGER) * 1000000"

# What is kept comes one by one or in groups; a group opens as its first does and closes as its last.
_KEPT: Final = """
    SELECT begin_at, open, high, low, close, volume, notional, trades, taker_buy_volume, taker_buy_notional
      FROM candles WHERE symbol = :symbol AND minutes = :minutes AND begin_at >= :since AND begin_at < :until
     ORDER BY begin_at
"""


def _grouped(begin: str) -> str:
    return f"""
        SELECT grouped.begin, first.open, grouped.high, grouped.low, last.close, grouped.volume, grouped.notional,
               grouped.trades, grouped.taker_buy_volume, grouped.taker_buy_notional
          FROM (
            SELECT {begin} AS begin, min(begin_at) AS first_at, max(begin_at) AS last_at,
                   max(high) AS high, min(low) AS low, {_SUMS}
              FROM candles WHERE symbol = :symbol AND minutes = :minutes AND begin_at >= :since AND begin_at < :until
             GROUP BY 1
          ) AS grouped
          JOIN candles AS first
            ON first.symbol = :symbol AND first.minutes = :minutes AND first.begin_at = grouped.first_at
          JOIN candles AS last
            ON last.symbol = :symbol AND last.minutes = :minutes AND last.begin_at = grouped.last_at
         ORDER BY 1
    """


_GROUPED: Final = _grouped(_FIXED)
_BY_MONTH: Final = _grouped(_MONTH)

_OF_MINUTE: Final = "FROM candles WHERE symbol = :symbol AND minutes = 1"
_FIRST: Final = f"(SELECT begin_at {_OF_MINUTE} ORDER BY begin_at LIMIT 1)"
_LAST: Final = f"(SELECT begin_at {_OF_MINUTE} ORDER BY begin_at DESC LIMIT 1)"
_CLOSE_BEFORE: Final = f"(SELECT close {_OF_MINUTE} AND begin_at < :since ORDER BY begin_at DESC LIMIT 1)"


async def candles(
    readers: Readers,
    symbol: Symbol,
    interval: Interval,
    now: Micros,
    *,
    start: Micros | None = None,
    end: Micros | None = None,
    limit: int,
) -> list[Candle]:
    """Return candles that begin between start and end, both included, oldest first and without gaps.

    From start on, or the last ones where start is None; `limit` at most, which is from 1 to MAX_LIMIT. There are none
    before the market's first trade nor after now; an interval without trades has a flat one. May raise Busy.
    """
    if not 0 < limit <= MAX_LIMIT:
        raise ValueError(f"a limit is from 1 to {MAX_LIMIT}")

    if start is not None and start > now:
        return []
    last_begin = interval.begin(now if end is None else min(end, now))
    first_begin = interval.step(last_begin, 1 - limit) if start is None else _begin_from(interval, start)

    async def read(connection: aiosqlite.Connection) -> list[Candle]:
        values: dict[str, str | int] = {"symbol": symbol, "since": first_begin}
        ((first_trade, close),) = await rows(connection, f"SELECT {_FIRST}, {_CLOSE_BEFORE}", values)
        if first_trade is None:
            return []
        first = max(first_begin, interval.begin(first_trade))
        last = min(last_begin, interval.step(first, limit - 1))
        if last < first:
            return []
        traded = await between(connection, symbol, interval, first, interval.step(last, 1))
        return _without_gaps(interval, traded, first, last, close)

    return await readers.read(read)


async def newest(
    readers: Readers, symbol: Symbol, since: Micros
) -> tuple[list[tuple[Interval, Candle]], list[Candle], Ticks | None]:
    """Return what a server that has just started must know of a market: see `MarketData.restore_candles`.

    That is the newest candle of each interval, the minutes with trades since a time, oldest first, and the price before
    them.
    """
    since = Interval.ONE_MINUTE.begin(since)

    async def read(
        connection: aiosqlite.Connection,
    ) -> tuple[list[tuple[Interval, Candle]], list[Candle], Ticks | None]:
        values: dict[str, str | int] = {"symbol": symbol, "since": since}
        ((last, close),) = await rows(connection, f"SELECT {_LAST}, {_CLOSE_BEFORE}", values)
        if last is None:
            return [], [], None
        until = Micros(last + 1)
        found: list[tuple[Interval, Candle]] = []
        for interval in Interval:
            candle = await between(connection, symbol, interval, interval.begin(last), until)
            found += [(interval, each) for each in candle]
        return found, await between(connection, symbol, Interval.ONE_MINUTE, since, until), close

    return await readers.read(read)


async def ever(readers: Readers, symbols: Iterable[Symbol]) -> dict[Symbol, Candle]:
    """Return all that ever traded in markets as one candle each; nothing of a market without trades. May raise Busy."""
    names = list(symbols)

    async def read(connection: aiosqlite.Connection) -> dict[Symbol, Candle]:
        found: dict[Symbol, Candle] = {}
        for symbol in names:
            for month in await between(connection, symbol, Interval.ONE_MONTH, Micros(0), _END):
                if symbol in found:
                    found[symbol].merge(month)
                else:
                    found[symbol] = month
        return found

    return await readers.read(read)


async def between(
    connection: aiosqlite.Connection, symbol: Symbol, interval: Interval, since: Micros, until: Micros
) -> list[Candle]:
    """Return the candles in which something traded that begin from since on and before until, oldest first."""
    size = interval.size
    minutes = max(each for each in CANDLE_MINUTES if size is None or size % (each * MINUTE) == 0)
    values: dict[str, str | int] = {"symbol": symbol, "minutes": minutes, "since": since, "until": until}
    if size is None:
        found = await rows(connection, _BY_MONTH, values)
    elif size == minutes * MINUTE:
        found = await rows(connection, _KEPT, values)
    else:
        found = await rows(connection, _GROUPED, values | {"size": size, "offset": interval.offset})
    return [Candle(*row) for row in found]


def _begin_from(interval: Interval, at: Micros) -> Micros:
    """Return when the first candle begins that does not begin before a moment."""
    begin = interval.begin(at)
    return begin if begin == at else interval.step(begin, 1)


def _without_gaps(
    interval: Interval, traded: list[Candle], first: Micros, last: Micros, close: Ticks | None
) -> list[Candle]:
    filled: list[Candle] = []
    begin, coming = first, iter(traded)
    following = next(coming, None)
    while begin <= last:
        if following is not None and following.begin == begin:
            filled.append(following)
            close, following = following.close, next(coming, None)
        elif close is not None:
            filled.append(flat(begin, close))
        begin = interval.step(begin, 1)
    return filled
