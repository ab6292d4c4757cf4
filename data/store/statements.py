"""The writer's statements, compiled once from the schema for SQLite's driver (for PostgreSQL's see `unnest`).

A batch's rows go in as few statements as may be: an insert is kept in sizes of 1, 2, 4 … 1024 rows. The driver lets go
of the interpreter's lock at each step of a statement, the loop takes it, and the writer's thread waits to get it back:
with executemany that is once a row.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Table, bindparam, func, literal_column, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql import ClauseElement

from data.store import schema
from data.store.connection import Connection
from data.store.rows import MAX_INTEGER, Row

Merge = Literal["max", "min", "sum", "capped_sum"]  # of what is kept and what comes

# SQLite takes 32,766 parameters in a statement, which is 31 columns of the largest size.
_SIZES: Final = (1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
_DIALECT: Final = SQLiteDialect_pysqlite(paramstyle="qmark")


def _compile(statement: ClauseElement) -> str:
    return str(statement.compile(dialect=_DIALECT))


def _capped_sum(kept: ColumnElement[int], more: ColumnElement[int]) -> ColumnElement[int]:
    """Beyond 63 bits SQLite adds as floats, which the column refuses: a candle that large is not worth a writer."""
    largest: ColumnElement[int] = func.min(kept + more, literal_column(str(MAX_INTEGER)))
    return largest


_MERGED: Final[dict[Merge, Callable[[Any, Any], ColumnElement[int]]]] = {
    "max": func.max,
    "min": func.min,
    "sum": operator.add,
    "capped_sum": _capped_sum,
}


class Insert:
    """Insert rows into a table, or update where the key is there already and columns to update are named.

    merge tells how a column's new value is made of the one that is kept and the one that comes.
    """

    __slots__ = ("_by_size", "columns", "merge", "table", "update_on_conflict")

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        update_on_conflict: Sequence[str] = (),
        merge: Mapping[str, Merge] | None = None,
    ) -> None:
        self.table, self.columns, self.update_on_conflict = table, tuple(columns), tuple(update_on_conflict)
        self.merge = dict(merge or {})
        statement = insert(table).values({name: bindparam(name) for name in columns})
        if update_on_conflict or merge:
            new = statement.excluded
            merged = {name: _MERGED[how](table.c[name], new[name]) for name, how in self.merge.items()}
            statement = statement.on_conflict_do_update(
                index_elements=list(table.primary_key.columns),
                set_={name: new[name] for name in update_on_conflict} | merged,
            )
        into, values, after = _compile(statement).partition(f"({', '.join('?' * len(columns))})")
        assert values, "one row's parameters stand together"
        self._by_size = {size: into + ", ".join([values] * size) + after for size in _SIZES}

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert all rows, in their order."""
        done = 0
        for size, statement in self._by_size.items():
            while done + size <= len(rows):
                connection.execute(statement, list(chain.from_iterable(rows[done : done + size])))
                done += size


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


ASSETS: Final = Insert(schema.assets, _names(schema.assets))
MARKETS: Final = Insert(
    schema.markets, _names(schema.markets), _names(schema.markets)[6:]
)  # limits, fees and state may change
ORDERS: Final = Insert(
    schema.orders, _names(schema.orders)[:-1], ("quantity", "status", "filled", "notional", "prevented", "updated_at")
)
TRADES: Final = Insert(schema.trades, _names(schema.trades))
CANDLES: Final = Insert(
    schema.candles,
    _names(schema.candles),
    ("close",),
    {
        "high": "max",
        "low": "min",
        "volume": "sum",
        "notional": "capped_sum",
        "trades": "sum",
        "taker_buy_volume": "sum",
        "taker_buy_notional": "capped_sum",
    },
)
POSTINGS: Final = Insert(schema.postings, _names(schema.postings)[1:])
BALANCES: Final = Insert(schema.balances, _names(schema.balances), ("available", "held"))
DEPOSITS: Final = Insert(schema.deposits, _names(schema.deposits))
WITHDRAWALS: Final = Insert(schema.withdrawals, _names(schema.withdrawals), ("status", "updated_at"))
OWED: Final = Insert(schema.settlement_outbox, ("trade_id",))
COMMANDS: Final = Insert(schema.commands, _names(schema.commands))

_orders = schema.orders.c
REDUCE: Final = _compile(
    update(schema.orders)
    .values({"reduced": _orders.reduced + bindparam("more")})
    .where(_orders.id == bindparam("order"))
)

_row = schema.sequencer.c
MOVE_SEQUENCER: Final = _compile(
    update(schema.sequencer)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("seq", "digest", "now", "next_order", "next_trade", "next_withdrawal")
        }
    )
    .where(_row.id == literal_column("1"), _row.epoch == bindparam("epoch"), _row.seq == bindparam("seq"))
)
