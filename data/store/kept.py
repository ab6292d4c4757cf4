"""Candles as they are kept, of a few lengths, put together to every interval and with their gaps filled.

Both our own and the reference candles are kept so; a table of them has symbol, minutes, begin_at, open, high, low and
close, and columns that add up.
"""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from data.store.connection import Both, Reading
from data.store.readers import rows
from data.store.rows import CANDLE_MINUTES
from engine.core.types import Micros, Symbol, Ticks
from engine.market_data.candles import Candle
from engine.market_data.intervals import MINUTE, Interval
from engine.market_data.reference import ReferenceCandle

T = TypeVar("T", Candle, ReferenceCandle)

_FIXED: Final = "(begin_at - :offset) / :size * :size + :offset"
_MONTH: Final = "CAST(strftime('%s', begin_at / 1000000, 'unixepoch', 'start of month') AS INTEGER) * 1000000"
_MONTH_POSTGRES: Final = (
    "CAST(extract(epoch FROM date_trunc('month', to_timestamp(begin_at / 1000000), 'UTC')) AS BIGINT) * 1000000"
)
_OF_LENGTH: Final = "symbol = :symbol AND minutes = :minutes"
_WITHIN: Final = f"{_OF_LENGTH} AND begin_at >= :since AND begin_at < :until"


def kept_minutes(interval: Interval) -> int:
    """Return the length of the kept candles from which an interval is put together."""
    size = interval.size
    return max(each for each in CANDLE_MINUTES if size is None or size % (each * MINUTE) == 0)


class Kept(Generic[T]):
    """The candles in a table. `make` takes begin, the four prices and the sums; `flat` makes one without trades."""

    def __init__(
        self, table: str, sums: tuple[str, ...], make: Callable[..., T], flat: Callable[[Micros, Ticks], T]
    ) -> None:
        self._make: Callable[..., T] = make
        self._flat: Callable[[Micros, Ticks], T] = flat
        # What is kept comes one by one or in groups; a group opens as its first does and closes as its last.
        self._one_by_one = f"""
            SELECT begin_at, open, high, low, close, {", ".join(sums)} FROM {table} WHERE {_WITHIN} ORDER BY begin_at
        """
        self._grouped = _grouped(table, sums, _FIXED)
        self._by_month = Both(_grouped(table, sums, _MONTH), _grouped(table, sums, _MONTH_POSTGRES))
        self._close_before = f"""
            SELECT close FROM {table} WHERE {_OF_LENGTH} AND begin_at < :since ORDER BY begin_at DESC LIMIT 1
        """

    async def between(
        self, connection: Reading, symbol: Symbol, interval: Interval, since: Micros, until: Micros
    ) -> list[T]:
        """Return the candles that something is known of and that begin from since on and before until, oldest first."""
        size, minutes = interval.size, kept_minutes(interval)
        values: dict[str, str | int] = {"symbol": symbol, "minutes": minutes, "since": since, "until": until}
        if size is None:
            found = await rows(connection, self._by_month, values)
        elif size == minutes * MINUTE:
            found = await rows(connection, self._one_by_one, values)
        else:
            found = await rows(connection, self._grouped, values | {"size": size, "offset": interval.offset})
        return [self._make(*row) for row in found]

    async def without_gaps(
        self, connection: Reading, symbol: Symbol, interval: Interval, since: Micros, until: Micros
    ) -> list[T]:
        """Return a candle for each begin from since on and before until, which are begins of candles themselves.

        There are none before the first that is kept.
        """
        if since >= until:
            return []
        known = await self.between(connection, symbol, interval, since, until)
        close: Ticks | None = None
        if not known or known[0].begin != since:
            close = await self.close_before(connection, symbol, kept_minutes(interval), since)
        filled: list[T] = []
        begin, coming = since, iter(known)
        following = next(coming, None)
        while begin < until:
            if following is not None and following.begin == begin:
                filled.append(following)
                close, following = following.close, next(coming, None)
            elif close is not None:
                filled.append(self._flat(begin, close))
            begin = interval.step(begin, 1)
        return filled

    async def close_before(self, connection: Reading, symbol: Symbol, minutes: int, since: Micros) -> Ticks | None:
        """Return the last close of the kept candles of a length that begin before a moment; None where none does."""
        values = {"symbol": symbol, "minutes": minutes, "since": since}
        found = await rows(connection, self._close_before, values)
        return Ticks(found[0][0]) if found else None


def _grouped(table: str, sums: tuple[str, ...], begin: str) -> str:
    return f"""
        SELECT grouped.begin, first.open, grouped.high, grouped.low, last.close,
               {", ".join(f"grouped.{each}" for each in sums)}
          FROM (
            SELECT {begin} AS begin, min(begin_at) AS first_at, max(begin_at) AS last_at,
                   max(high) AS high, min(low) AS low, {", ".join(f"sum({each}) AS {each}" for each in sums)}
              FROM {table} WHERE {_WITHIN}
             GROUP BY 1
          ) AS grouped
          JOIN {table} AS first
            ON first.symbol = :symbol AND first.minutes = :minutes AND first.begin_at = grouped.first_at
          JOIN {table} AS last
            ON last.symbol = :symbol AND last.minutes = :minutes AND last.begin_at = grouped.last_at
         ORDER BY 1
    """
