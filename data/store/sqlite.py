"""The one writer's store on SQLite: a connection of its own in a thread of its own, one hop of it a batch.

WAL with synchronous=FULL: a commit that has returned survives a power loss. BEGIN IMMEDIATE: a transaction that will
write waits for its turn at its start and never fails half way for want of a lock.
"""

import asyncio
import sqlite3
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from data.store import rows, statements
from data.store.checkpoints import Checkpoints
from data.store.snapshot import load
from engine.core.snapshot import Snapshot
from engine.ports import LostLead
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Busy

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 5_000
DURABLE: Final = ("wal", 2)  # the journal mode, and synchronous=FULL
MOST_WAITING: Final = 1_000  # writes besides the batches
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA cache_size = -65536",  # 64 MiB: the indexes' pages that every batch touches stay in memory
    "PRAGMA wal_autocheckpoint = 16000",  # 64 MiB, where `Checkpoints` does not keep up
    "PRAGMA journal_size_limit = 67108864",
)


class SqliteStore:
    """`engine.ports.Store` on a SQLite file that `data.store.migrate.upgrade` has made."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor, checkpoints: Checkpoints) -> None:
        self._connection = connection
        self._thread = thread
        self._checkpoints = checkpoints
        self._waiting = 0

    @classmethod
    async def open(cls, path: Path) -> "SqliteStore":
        """Open the file. Raises sqlite3.OperationalError where there is none: an empty one is not made up."""
        thread = ThreadPoolExecutor(1, "store-writer")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(thread, _connect, path)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(connection, thread, Checkpoints(path))

    @property
    def waiting(self) -> int:
        """How many writes besides the batches wait, or are under way."""
        return self._waiting

    async def close(self) -> None:
        """Finish what was asked for before and close the file."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._checkpoints.close)
        await loop.run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown(wait=False)

    async def take_lead(self) -> Snapshot:
        """Raise the epoch by one and return the state as the tables tell it; its epoch is the new one."""
        return await self._run(_take_lead)

    async def commit(self, batch: Batch) -> None:
        """Write a batch in one transaction and return when it is durable.

        Raises LostLead where (epoch, first_seq - 1) is no longer what the sequencer row says, sqlite3.Error where the
        database refuses. Then nothing of the batch is kept.
        """
        await self._run(lambda connection: _write_batch(connection, batch))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction of its own in the writer's thread, and return when that is durable.

        What `work` raises is raised here, and then nothing is kept. Raises Busy where too many wait already.
        """
        if self._waiting >= MOST_WAITING:
            raise Busy("More people are signing in than can be taken; try again in a moment.")
        self._waiting += 1
        try:
            return await self._run(work)
        finally:
            self._waiting -= 1

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _transact, self._connection, work)


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


def _transact(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has rolled back by itself after some errors
            connection.execute("ROLLBACK")
        raise
    return result


def _take_lead(connection: sqlite3.Connection) -> Snapshot:
    connection.execute("UPDATE sequencer SET epoch = epoch + 1 WHERE id = 1")
    return load(connection)


def _write_batch(connection: sqlite3.Connection, batch: Batch) -> None:
    moved = connection.execute(
        statements.MOVE_SEQUENCER,
        (
            batch.last_seq,
            batch.digest,
            batch.at,
            batch.next_order,
            batch.next_trade,
            batch.next_withdrawal,
            batch.epoch,
            batch.first_seq - 1,
        ),
    )
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
    body = zlib.compress(batch.commands, 1)
    log = (batch.first_seq, batch.last_seq, batch.epoch, batch.at, body, batch.digest)
    statements.COMMANDS.run(connection, [log])
