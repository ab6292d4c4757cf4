"""The one writer's store on SQLite.

WAL with synchronous=FULL: a commit that has returned survives a power loss. BEGIN IMMEDIATE: a transaction that will
write waits for its turn at its start and never fails half way for want of a lock.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from data.store import rows, statements
from data.store.checkpoints import Checkpoints
from data.store.connection import Connection
from data.store.store import Store
from engine.ports import LostLead
from engine.sequencer.batch import Batch

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 5_000
DURABLE: Final = ("wal", 2)  # the journal mode, and synchronous=FULL
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA cache_size = -65536",  # 64 MiB: the indexes' pages that every batch touches stay in memory
    "PRAGMA wal_autocheckpoint = 16000",  # 64 MiB, where `Checkpoints` does not keep up
    "PRAGMA journal_size_limit = 67108864",
)


class SqliteStore(Store):
    """`engine.ports.Store` on a SQLite file."""

    @classmethod
    async def open(cls, path: Path) -> "SqliteStore":
        """Open the file. Raises sqlite3.OperationalError where there is none: an empty one is not made up."""
        thread = ThreadPoolExecutor(1, "store-writer")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(thread, _connect, path)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(SqliteWriter(connection, Checkpoints(path)), thread)


class SqliteWriter:
    """`data.store.store.Writer` on SQLite."""

    def __init__(self, connection: sqlite3.Connection, checkpoints: Checkpoints) -> None:
        self._connection = connection
        self._checkpoints = checkpoints

    def close(self) -> None:
        """Close the file."""
        self._checkpoints.close()
        self._connection.close()

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite has rolled back by itself after some errors
                connection.execute("ROLLBACK")
            raise
        return result

    def look(self) -> None:
        """Do nothing: a file does not go away."""

    def lead(self, connection: Connection) -> None:
        """Do nothing: the epoch puts whoever led before out, as all that is written is in one file."""

    def write_batch(self, connection: Connection, batch: Batch) -> None:
        """Write a batch's rows."""
        moved = connection.execute(statements.MOVE_SEQUENCER, rows.sequencer_row(batch))
        if moved.rowcount != 1:
            raise LostLead(f"another writer went on from command {batch.first_seq - 1}, or leads by now")
        statements.ASSETS.run(connection, rows.asset_rows(batch.assets))
        statements.MARKETS.run(connection, rows.market_rows(batch.markets))
        statements.ORDERS.run(connection, rows.order_rows(batch.orders))
        connection.executemany(statements.REDUCE, rows.reduction_rows(batch.reductions))
        statements.TRADES.run(connection, rows.trade_rows(batch.trades))
        statements.CANDLES.run(connection, rows.candle_rows(batch.trades))
        statements.OWED.run(connection, rows.owed_rows(batch.trades))
        statements.POSTINGS.run(connection, rows.posting_rows(batch.postings))
        statements.BALANCES.run(connection, rows.balance_rows(batch.balances))
        statements.DEPOSITS.run(connection, rows.deposit_rows(batch.deposits))
        statements.WITHDRAWALS.run(connection, rows.withdrawal_rows(batch.withdrawals))
        statements.COMMANDS.run(connection, [rows.log_row(batch)])


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=256)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    # A place that can't do WAL is answered by another mode and no error, so what is in force is asked for.
    held = tuple(connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous"))
    if held != DURABLE:
        connection.close()
        raise sqlite3.OperationalError(f"journal_mode and synchronous are {held} where they must be {DURABLE}")
    return connection
