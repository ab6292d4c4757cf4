"""Writes of reference candles. They go through the one writer's thread, in pieces that no order notices."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from msgspec.structs import astuple

from data.store.candles import FIRST_TRADED, LAST_REFERENCE
from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.store import Store
from engine.core.types import Micros, Symbol
from engine.market_data.intervals import MINUTE
from engine.market_data.reference import ReferenceCandle

PIECE: Final = 500  # candles in a transaction, about a millisecond of the writer's time

_KNOWN: Final = f"SELECT ({FIRST_TRADED}), ({LAST_REFERENCE})"
_FORGET: Final = "DELETE FROM reference_candles WHERE symbol = ? AND minutes = ? AND begin_at < ?"
_ADD: Final = (
    "INSERT INTO reference_candles (symbol, minutes, begin_at, open, high, low, close, volume)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class SqlReference:
    """Where reference candles are kept. Each call may raise Busy."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def known(self, symbol: Symbol, minutes: int) -> tuple[Micros | None, Micros | None]:
        """Return when the minute of a market's first trade begins, and its newest reference candle of a length."""
        values = {"symbol": symbol, "minutes": minutes}
        ((traded, newest),) = await self._readers.read(lambda connection: rows(connection, _KNOWN, values))
        return traded, newest

    async def add(self, symbol: Symbol, minutes: int, candles: Sequence[ReferenceCandle], since: Micros) -> None:
        """Keep candles of a length that are newer than all that are kept, and forget those from before `since`.

        Those that do not end before the market's first trade are left out, even where that trade has just happened.
        """
        for start in range(0, len(candles), PIECE):
            piece = candles[start : start + PIECE]
            await self._store.write(partial(_add, symbol=symbol, minutes=minutes, candles=piece, since=since))


def _add(
    connection: Connection, symbol: Symbol, minutes: int, candles: Sequence[ReferenceCandle], since: Micros
) -> None:
    traded = connection.execute(FIRST_TRADED, {"symbol": symbol}).fetchone()
    kept = [each for each in candles if traded is None or each.begin + minutes * MINUTE <= traded[0]]
    connection.execute(_FORGET, (symbol, minutes, since))
    connection.executemany(_ADD, [(symbol, minutes, *astuple(each)) for each in kept])
