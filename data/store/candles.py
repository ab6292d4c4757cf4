"""Reads of candles: our own, and reference ones of the time before a market's first trade."""

from collections.abc import Iterable
from typing import Final

from data.store.connection import Reading
from data.store.kept import Kept, kept_minutes
from data.store.readers import Readers, rows
from engine.core.types import Micros, Symbol, Ticks
from engine.market_data.candles import Candle, flat
from engine.market_data.intervals import Interval
from engine.market_data.reference import ReferenceCandle, reference_flat

MAX_LIMIT: Final = 1_000

OWN: Final = Kept(
    "candles", ("volume", "notional", "trades", "taker_buy_volume", "taker_buy_notional"), make=Candle, flat=flat
)
REFERENCE: Final = Kept("reference_candles", ("volume",), make=ReferenceCandle, flat=reference_flat)

_END: Final = Micros(2**63 - 1)

_OF_MINUTE: Final = "FROM candles WHERE symbol = :symbol AND minutes = 1"
FIRST_TRADED: Final = f"SELECT begin_at {_OF_MINUTE} ORDER BY begin_at LIMIT 1"
_LAST_TRADED: Final = f"SELECT begin_at {_OF_MINUTE} ORDER BY begin_at DESC LIMIT 1"

_OF_REFERENCE: Final = "FROM reference_candles WHERE symbol = :symbol AND minutes = :minutes"
_FIRST_REFERENCE: Final = f"SELECT begin_at {_OF_REFERENCE} ORDER BY begin_at LIMIT 1"
LAST_REFERENCE: Final = f"SELECT begin_at {_OF_REFERENCE} ORDER BY begin_at DESC LIMIT 1"

_KNOWN: Final = f"SELECT ({FIRST_TRADED}), ({_FIRST_REFERENCE}), ({LAST_REFERENCE})"


async def candles(
    readers: Readers,
    symbol: Symbol,
    interval: Interval,
    now: Micros,
    *,
    start: Micros | None = None,
    end: Micros | None = None,
    limit: int,
) -> list[Candle | ReferenceCandle]:
    """Return candles that begin between start and end, both included, oldest first and without gaps.

    From start on, or the last ones where start is None; `limit` at most, which is from 1 to MAX_LIMIT. The candle of
    the market's first trade and all later ones are made of our own trades only, up to now; an interval without trades
    has a flat one. Those before are reference candles, as far as they are known; without a trade they are all there is,
    and end with the newest. May raise Busy.
    """
    if not 0 < limit <= MAX_LIMIT:
        raise ValueError(f"a limit is from 1 to {MAX_LIMIT}")

    if start is not None and start > now:
        return []

    async def read(connection: Reading) -> list[Candle | ReferenceCandle]:
        values = {"symbol": symbol, "minutes": kept_minutes(interval)}
        ((first_traded, first_reference, last_reference),) = await rows(connection, _KNOWN, values)
        known = [each for each in (first_traded, first_reference) if each is not None]
        if not known:
            return []
        own_from = _END if first_traded is None else interval.begin(first_traded)
        newest = now if first_traded is not None else min(now, last_reference)
        last = interval.begin(newest if end is None else min(end, newest))
        first = interval.step(last, 1 - limit) if start is None else _begin_from(interval, start)
        first = max(first, interval.begin(min(known)))
        until = min(interval.step(last, 1), interval.step(first, limit))
        found: list[Candle | ReferenceCandle] = []
        found += await REFERENCE.without_gaps(connection, symbol, interval, first, min(until, own_from))
        found += await OWN.without_gaps(connection, symbol, interval, max(first, own_from), until)
        return found

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
        connection: Reading,
    ) -> tuple[list[tuple[Interval, Candle]], list[Candle], Ticks | None]:
        found_last = await rows(connection, _LAST_TRADED, {"symbol": symbol})
        if not found_last:
            return [], [], None
        last: Micros = found_last[0][0]
        until = Micros(last + 1)
        found: list[tuple[Interval, Candle]] = []
        for interval in Interval:
            candle = await OWN.between(connection, symbol, interval, interval.begin(last), until)
            found += [(interval, each) for each in candle]
        minutes = await OWN.between(connection, symbol, Interval.ONE_MINUTE, since, until)
        return found, minutes, await OWN.close_before(connection, symbol, 1, since)

    return await readers.read(read)


async def ever(readers: Readers, symbols: Iterable[Symbol]) -> dict[Symbol, Candle]:
    """Return all that ever traded in markets as one candle each; nothing of a market without trades. May raise Busy."""
    names = list(symbols)

    async def read(connection: Reading) -> dict[Symbol, Candle]:
        found: dict[Symbol, Candle] = {}
        for symbol in names:
            for month in await OWN.between(connection, symbol, Interval.ONE_MONTH, Micros(0), _END):
                if symbol in found:
                    found[symbol].merge(month)
                else:
                    found[symbol] = month
        return found

    return await readers.read(read)


def _begin_from(interval: Interval, at: Micros) -> Micros:
    """Return when the first candle begins that does not begin before a moment."""
    begin = interval.begin(at)
    return begin if begin == at else interval.step(begin, 1)
