"""The last day's trades by minute, for the tickers of a server that has just started."""

import sqlite3
from typing import Final

from data.store.readers import Readers
from engine.core.types import Micros, Symbol
from engine.market_data.day import Minute

# Ids rise with time, so walking back from the newest trade meets the whole day before anything older.
_BEFORE: Final = "SELECT id FROM trades WHERE at < ? ORDER BY id DESC LIMIT 1"

_MINUTES: Final = """
    SELECT minute, opening.price, high, low, closing.price, volume, cost, count
      FROM (
        SELECT at / 60000000 AS minute, min(id) AS first, max(id) AS last, max(price) AS high, min(price) AS low,
               sum(quantity) AS volume, sum(notional) AS cost, count(*) AS count
          FROM trades WHERE id > ? AND symbol = ? GROUP BY minute
      ) AS grouped
      JOIN trades AS opening ON opening.id = grouped.first
      JOIN trades AS closing ON closing.id = grouped.last
     ORDER BY minute
"""


async def minutes(readers: Readers, symbol: Symbol, since: Micros) -> list[Minute]:
    """Return the minutes with trades of a market since a time, oldest first."""

    def read(connection: sqlite3.Connection) -> list[Minute]:
        before = connection.execute(_BEFORE, (since,)).fetchone()
        rows = connection.execute(_MINUTES, (before[0] if before else 0, symbol))
        return [Minute(*row) for row in rows]

    return await readers.read(read)
