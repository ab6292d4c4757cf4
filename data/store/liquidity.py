"""The market maker's own accounts: `engine.liquidity.ports.MakerStore` in SQL.

Writes go through the one writer's thread, each in a transaction of its own; reads go to the readers.
"""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

import secrets
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import astuple, replace

from data.store import facts
from data.store.connection import Connection, Reading
from data.store.readers import Readers, rows
from data.store.rows import Row
from data.store.store import Store
from engine.core.events import Traded
from engine.core.types import MARKET_MAKER, Side, Symbol, TradeId
from engine.liquidity.hedging import Hedge, HedgeState
from engine.liquidity.profit import Profit

_PROFIT: Final = Profit.__struct_fields__
_PROFITS: Final = f"SELECT {', '.join(_PROFIT)} FROM maker_profits"
_KEEP_PROFIT: Final = (
    f"INSERT INTO maker_profits ({', '.join(_PROFIT)}) VALUES ({', '.join('?' * len(_PROFIT))})"
    f" ON CONFLICT (symbol, is_paper) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _PROFIT[2:])}"
)
# The first that is kept of a day stays: when a loss is forgiven, `day_total` moves, and the day began where it did.
_KEEP_DAY: Final = "INSERT INTO maker_days (symbol, day, total) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_STOPPED: Final = "SELECT symbol, reason FROM maker_stops"

_HEDGE: Final = "id, symbol, side, quantity, price, at, is_paper, state, base, quote, fee, name"
_OPEN_HEDGES: Final = f"SELECT {_HEDGE} FROM hedges WHERE state = 'sent' ORDER BY id"
_HEDGES: Final = (
    f"SELECT {_HEDGE} FROM hedges WHERE symbol = ? AND id > ? AND is_paper = ? AND state <> 'sent' ORDER BY id"
)
_ADD_HEDGE: Final = (
    "INSERT INTO hedges (symbol, side, quantity, price, at, is_paper, state, base, quote, fee, name)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?) RETURNING id"
)
_END_HEDGE: Final = "UPDATE hedges SET state = ?, base = ?, quote = ?, fee = ? WHERE id = ? AND state = 'sent'"

_NEXT: Final = "SELECT id FROM trades WHERE id > :after ORDER BY id LIMIT :limit"
_TRADES: Final = f"""
    SELECT {facts.TRADE} FROM trades
     WHERE id > :after AND id <= :last AND (maker = {MARKET_MAKER} OR taker = {MARKET_MAKER}) ORDER BY id
"""


class SqlMakerStore:
    """`engine.liquidity.ports.MakerStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def profits(self) -> list[Profit]:
        """Return the markets' accounts as they were kept last."""
        found = await self._readers.read(lambda connection: rows(connection, _PROFITS))
        return [Profit(symbol, bool(is_paper), *figures) for symbol, is_paper, *figures in found]

    async def keep_profits(self, profits: Iterable[Profit]) -> None:
        """Keep accounts, and what those of money had come to when their day began."""
        kept = list(profits)
        values = [astuple(profit) for profit in kept]
        days = [(profit.symbol, profit.day, profit.day_total) for profit in kept if profit.day and not profit.is_paper]

        def write(connection: Connection) -> None:
            connection.executemany(_KEEP_PROFIT, values)
            connection.executemany(_KEEP_DAY, days)

        await self._store.write(write)

    async def house_trades(self, after: TradeId, limit: int) -> tuple[list[Traded], TradeId | None]:
        """Return the house's trades among the next `limit` ones, and the id up to which that was."""

        async def read(connection: Reading) -> tuple[list[Row], int | None]:
            values = {"after": after, "limit": limit}
            [[last]] = await rows(connection, f"SELECT max(id) FROM ({_NEXT})", values)
            return await rows(connection, _TRADES, {"after": after, "last": last}), last

        found, last = await self._readers.read(read)
        return [facts.trade_of(row) for row in found], None if last is None else TradeId(last)

    async def stopped(self) -> dict[Symbol, str]:
        """Return the markets that an operator has stopped, and why."""
        return dict(await self._readers.read(lambda connection: rows(connection, _STOPPED)))

    async def keep_stopped(self, stopped: Mapping[Symbol, str]) -> None:
        """Keep what is stopped instead of what was."""
        values = list(stopped.items())

        def write(connection: Connection) -> None:
            connection.execute("DELETE FROM maker_stops")
            connection.executemany("INSERT INTO maker_stops (symbol, reason) VALUES (?, ?)", values)

        await self._store.write(write)

    async def open_hedges(self) -> list[Hedge]:
        """Return the hedges of which it is not known what became of them, oldest first."""
        return [_hedge_of(row) for row in await self._readers.read(lambda connection: rows(connection, _OPEN_HEDGES))]

    async def hedges(self, symbol: Symbol, is_paper: bool, after: int) -> list[Hedge]:
        """Return a market's finished hedges, on paper or not, of ids above `after`, in their order."""
        found = await self._readers.read(lambda connection: rows(connection, _HEDGES, (symbol, after, is_paper)))
        return [_hedge_of(row) for row in found]

    async def add_hedge(self, hedge: Hedge) -> Hedge:
        """Keep a hedge that is about to be sent; return it with its id and its name.

        Names are drawn by lot: ids begin anew in another database, and go on from earlier where a backup was put back.
        """
        sent, name = HedgeState.SENT.value, f"clobster-hedge-{secrets.token_hex(8)}"
        values = (hedge.symbol, hedge.side.value, hedge.quantity, hedge.price, hedge.at, hedge.is_paper, sent, name)
        [id_] = await self._store.write(lambda connection: connection.execute(_ADD_HEDGE, values).fetchone())
        return replace(hedge, id=id_, name=name)

    async def end_hedge(self, hedge: Hedge) -> None:
        """Keep what became of a hedge."""
        values = (hedge.state.value, hedge.base, hedge.quote, hedge.fee, hedge.id)
        await self._store.write(lambda connection: connection.execute(_END_HEDGE, values))


def _hedge_of(row: Row) -> Hedge:
    id_, symbol, side, quantity, price, at, is_paper, state, *traded = row
    return Hedge(id_, symbol, Side(side), quantity, price, at, bool(is_paper), HedgeState(state), *traded)
