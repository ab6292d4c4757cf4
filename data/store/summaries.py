"""What a day came to, and of which day administrators were told last."""

from typing import Final

from msgspec import Struct

from data.store.connection import Connection, Reading
from data.store.readers import Readers, rows
from data.store.rows import Row
from data.store.store import Store
from engine.core.types import FIRST_PERSON, AssetCode, Atoms, Micros, Side, Symbol
from engine.market_data.intervals import DAY

_LAST_TRADE: Final = "SELECT coalesce(max(id), 0) FROM trades"
_NEXT_AT: Final = "SELECT at FROM trades WHERE id >= ? ORDER BY id LIMIT 1"
_TRADED: Final = """
    SELECT symbol, taker_side, count(*), sum(notional), sum(maker_fee), sum(taker_fee)
      FROM trades WHERE id >= ? AND id < ? GROUP BY symbol, taker_side
"""
# Once a day, so without an index of their own.
_DEPOSITED: Final = """
    SELECT asset, count(*), sum(amount) FROM deposits
     WHERE user_id >= ? AND at >= ? AND at < ? GROUP BY asset
"""
_WITHDRAWN: Final = """
    SELECT asset, count(*), sum(amount) FROM withdrawals
     WHERE user_id >= ? AND created_at >= ? AND created_at < ? GROUP BY asset
"""
_CAME: Final = "SELECT count(*) FROM users WHERE kind = 'person' AND created_at >= ? AND created_at < ?"
_EARNED: Final = """
    SELECT symbol, total, (SELECT later.total FROM maker_days AS later
                            WHERE later.symbol = began.symbol AND later.day > began.day ORDER BY later.day LIMIT 1)
      FROM maker_days AS began WHERE day = ? ORDER BY symbol
"""
_NOTE: Final = """
    INSERT INTO daily_summary (id, day) VALUES (1, :day)
    ON CONFLICT (id) DO UPDATE SET day = excluded.day WHERE daily_summary.day < excluded.day
"""
_NEWEST: Final = "SELECT day FROM daily_summary"
_BEGIN: Final = "INSERT INTO daily_summary (id, day) VALUES (1, :day) ON CONFLICT DO NOTHING"


class Traded(Struct, frozen=True):
    """What one side's takers traded in a market. Fees are in what each party received."""

    symbol: Symbol
    taker_side: Side
    trades: int
    notional: Atoms
    maker_fee: Atoms
    taker_fee: Atoms


class Moved(Struct, frozen=True):
    """What came in or went out of an asset."""

    asset: AssetCode
    times: int
    amount: Atoms


class Earned(Struct, frozen=True):
    """What quoting a market had come to when a day began and when it ended, in quote atoms.

    A day ends with the first price after it, which values the position. end is None where none has come yet.
    """

    symbol: Symbol
    start: int
    end: int | None


class Figures(Struct, frozen=True):
    """What some time came to. withdrawn is what was asked for, whatever became of it; people are those who are new.

    earned are the markets that were quoted on the day in which that time begins, of the whole day.
    """

    traded: list[Traded]
    deposited: list[Moved]
    withdrawn: list[Moved]
    people: int
    earned: list[Earned]


class SqlSummaries:
    """Reads go to the readers, the one write to the writer."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def figures(self, start: Micros, end: Micros) -> Figures:
        """Return what the time from start until before end came to, all of one moment. May raise Busy."""

        async def read(connection: Reading) -> Figures:
            first, last = await _first_trade(connection, start), await _first_trade(connection, end)
            traded = await rows(connection, _TRADED, (first, last))
            deposited = await rows(connection, _DEPOSITED, (FIRST_PERSON, start, end))
            withdrawn = await rows(connection, _WITHDRAWN, (FIRST_PERSON, start, end))
            [[people]] = await rows(connection, _CAME, (start, end))
            earned = await rows(connection, _EARNED, (start // DAY,))
            return Figures(
                [Traded(symbol, Side(side), *sums) for symbol, side, *sums in traded],
                _moved(deposited),
                _moved(withdrawn),
                people,
                [Earned(*row) for row in earned],
            )

        return await self._readers.read(read)

    async def newest(self, day: int) -> int:
        """Return the newest day that was told. Where none ever was, it is this one: of those before nothing is told."""

        def write(connection: Connection) -> int:
            connection.execute(_BEGIN, {"day": day})
            [[newest]] = connection.execute(_NEWEST).fetchall()
            return int(newest)

        return await self._store.write(write)

    async def note(self, day: int) -> None:
        """Note that a day was told."""
        await self._store.write(lambda connection: connection.execute(_NOTE, {"day": day}))


async def _first_trade(connection: Reading, at: Micros) -> int:
    """Return the id from which on trades are not before a time: ids rise with time, so this halves what is left."""
    [[last]] = await rows(connection, _LAST_TRADE)
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        [[found]] = await rows(connection, _NEXT_AT, (middle,))
        low, high = (middle + 1, high) if found < at else (low, middle)
    return low


def _moved(found: list[Row]) -> list[Moved]:
    return [Moved(*row) for row in found]
